/** What bare workflows are asked to do. */
export interface BareInput {
  /** Normal activities at once, between an awaited normal one and a local one. */
  readonly agents: number;
  /** With a writer beside the path, as for Slack. */
  readonly reporting: boolean;
}

export const BARE_QUEUE = 'bare';
