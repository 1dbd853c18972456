/** How an agent talks about the words of a request. */
export type AgentVoice = (words: string) => {
  readonly lead: string;
  readonly points: readonly string[];
  readonly next: string;
};
