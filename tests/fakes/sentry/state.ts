/** An issue as the fake keeps it. */
export interface FakeSentryIssue {
  readonly id: string;
  readonly shortId: string;
  readonly project: string;
  readonly title: string;
  readonly culprit: string;
  readonly level: 'error' | 'warning' | 'fatal' | 'info';
  status: 'unresolved' | 'resolved' | 'ignored';
  /** Undefined: as Sentry gives it to a status. */
  substatus?: string | null;
  statusDetails: Record<string, unknown>;
  readonly count: number;
  readonly userCount: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** None: its events are no longer kept. */
  readonly latestEvent?: FakeSentryEvent;
}

export interface FakeSentryEvent {
  readonly eventID: string;
  readonly message: string;
  readonly dateCreated: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly entries: readonly { readonly type: string; readonly data: unknown }[];
}

/** An issue with an exception, for demonstrations and tests. */
export function demoSentryIssue(number: number, change: Partial<FakeSentryIssue> = {}): FakeSentryIssue {
  const at = new Date(Date.now() - number * 60_000).toISOString();
  return {
    id: String(4_500_000_000 + number),
    shortId: `WEB-${number.toString(36).toUpperCase()}`,
    project: 'web',
    title: `TypeError: x${number} is undefined`,
    culprit: 'checkout/pay',
    level: 'error',
    status: 'unresolved',
    statusDetails: {},
    count: 10 * number,
    userCount: number,
    firstSeen: at,
    lastSeen: at,
    latestEvent: demoEvent(number, at),
    ...change,
  };
}

const demoEvent = (number: number, dateCreated: string): FakeSentryEvent => ({
  eventID: number.toString(16).padStart(32, '0'),
  message: '',
  dateCreated,
  tags: [{ key: 'environment', value: 'production' }],
  entries: [
    { type: 'breadcrumbs', data: { values: [] } },
    {
      type: 'exception',
      data: {
        values: [
          {
            type: 'TypeError',
            value: `x${number} is undefined`,
            stacktrace: {
              frames: [
                { filename: 'app.js', function: 'main', lineNo: 1, inApp: true },
                { filename: 'pay.js', function: 'pay', lineNo: 42, inApp: true },
              ],
            },
          },
        ],
      },
    },
  ],
});
