/** Bounds that more than one room relies on. */
export const LIMITS = {
  /** Characters of one request; Slack's own limit for a message text is the same 40,000. */
  messageChars: 40_000,
  /** Bytes of one REST body: 40,000 characters of any script as JSON, with room. */
  bodyBytes: 512 * 1024,
  /** Bytes of one Slack delivery. */
  slackBodyBytes: 4 * 1024 * 1024,
  /** Bytes of what Temporal's UI or command line has decrypted at once. */
  codecBodyBytes: 8 * 1024 * 1024,
  /** Agents that one request may name. */
  agentsPerRequest: 9,
  /** Messages of a session that an agent is given. */
  workingMemoryMessages: 10,
  /** Messages that one run takes while it works. */
  steeringPerJob: 50,
} as const;
