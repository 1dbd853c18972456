/** What bare workflows are asked to do. */
export interface BareInput {
  /** Normal activities at once, between an awaited normal one and a local one. */
  readonly agents: number;
  /** With a writer beside the path, as for Slack. */
  readonly reporting: boolean;
}

/** A bare workflow of the shape of a planned request. */
export interface BarePlan {
  readonly steps: number;
  readonly atOnce: boolean;
}

export const BARE_QUEUE = 'bare';
