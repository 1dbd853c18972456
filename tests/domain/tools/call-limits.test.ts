import { describe, expect, it } from '@jest/globals';
import { ConnectionChange } from '../../../contracts/connections.ts';
import type { Connection } from '../../../db/queries/connections.ts';
import { limitsOf } from '../../../domain/tools/settle-call.ts';
import { tool } from './scripted-host.ts';

const limits = (call_limits: Connection['call_limits'], kind: Connection['kind'] = 'remote') =>
  limitsOf(
    { tool: tool({ remoteName: 'render', provider: 'wiki' }), connection: { kind, call_limits } as Connection },
    { delegationTimeoutMs: 1 },
  );

describe('how long a call may take', () => {
  it('is a minute without a sign of life and ten in all, and half a minute of providers of ours', () => {
    expect(limits({})).toEqual({ silenceMs: 60_000, timeoutMs: 600_000 });
    expect(limits({}, 'first_party')).toEqual({ silenceMs: 30_000, timeoutMs: 30_000 });
    expect(
      limitsOf({ tool: tool({ provider: 'delegate' }), connection: undefined }, { delegationTimeoutMs: 7 }),
    ).toEqual({
      silenceMs: 7,
      timeoutMs: 7,
    });
  });

  it.each([
    [{ silenceSeconds: 5 }, 5_000, 600_000],
    [{ totalSeconds: 20 }, 20_000, 20_000],
    [{ silenceSeconds: 900 }, 900_000, 900_000],
    [{ silenceSeconds: 5, tools: { render: { silenceSeconds: 90 } } }, 90_000, 600_000],
    [{ totalSeconds: 50, tools: { render: { totalSeconds: 1_800 }, other: { totalSeconds: 1 } } }, 60_000, 1_800_000],
    [{ tools: { toString: { totalSeconds: 1 } } }, 60_000, 600_000],
  ])('is what the connection says, and before that what it says of the tool: %j', (given, silenceMs, timeoutMs) => {
    expect(limits(given)).toEqual({ silenceMs, timeoutMs });
  });

  it.each([
    [{ totalSeconds: 1_801 }],
    [{ silenceSeconds: 0 }],
    [{ tools: { a: { seconds: 3 } } }],
    [{ totalSeconds: '60' }],
  ])('is bounded and spelled out: %j', (callLimits) => {
    expect(ConnectionChange.safeParse({ callLimits }).success).toBe(false);
  });
});
