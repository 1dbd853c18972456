/** A tool as the fake lists it; whatever a test wants to claim. */
export interface FakeTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema?: Record<string, unknown>;
  readonly outputSchema?: Record<string, unknown>;
  readonly annotations?: Record<string, unknown>;
}

/** What happens to one message after it was heard. */
export type FakeReply =
  | {
      readonly result: Record<string, unknown>;
      readonly asJson?: boolean;
      readonly progress?: readonly FakeProgress[];
    }
  | { readonly error: { readonly code: number; readonly message: string } }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Never answers. */
  | { readonly hang: true }
  /** Cuts the connection before or after the head of the answer; with an event id it says that it can be resumed. */
  | { readonly disconnect: 'before' | 'midway'; readonly eventId?: string };

export interface FakeProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
  /** So long until what comes next, ms; it comes at once unless told. */
  readonly thenMs?: number;
}

/** One thing that the server was asked, in the order in which it was heard. */
export interface FakeMcpLine {
  readonly http: string;
  readonly method: string | null;
  readonly params: Record<string, unknown> | null;
  readonly session: string | null;
  readonly authorization: string | null;
  /** Not turned away for its session or its credentials. */
  readonly served: boolean;
}
