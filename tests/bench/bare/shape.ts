/** What bare workflows are asked to do. */
export interface BareInput {
  /** A normal activity that is awaited first, as the analysis of what local rules are not sure of. */
  readonly analyze: boolean;
  /** Normal activities at once, between two local ones. */
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
