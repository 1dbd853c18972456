import { describe, expect, it } from '@jest/globals';
import { ConnectionsBusyError, FairShare } from '../../db/fair-share.ts';

/** Lets every promise that can go on go on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function openScore(limits: Partial<ConstructorParameters<typeof FairShare>[0]> = {}) {
  const share = new FairShare({ connections: 4, each: 2, waitMs: 2_000, ...limits });
  const served: string[] = [];
  const ends: (() => void)[] = [];
  return {
    served,
    ends,
    ask: async (who: string) => {
      const giveBack = await share.take(who).catch(() => undefined);
      served.push(giveBack ? who : `nothing for ${who}`);
      if (giveBack) ends.push(giveBack);
    },
    share,
  };
}

describe('connections of one pool', () => {
  it('are never all of one organization’s, however much it wants', async () => {
    const { ask, served } = openScore();
    for (let i = 0; i < 60; i++) void ask('loud');
    await settled();
    expect(served).toEqual(['loud', 'loud']);
    void ask('quiet');
    await settled();
    expect(served).toEqual(['loud', 'loud', 'quiet']);
  });

  it('that come free go to whom has the fewest, then to whom had one longest ago', async () => {
    const { ask, served, ends } = openScore({ connections: 2 });
    for (const who of ['a', 'a', 'a', 'b', 'c']) void ask(who);
    await settled();
    expect(served).toEqual(['a', 'a']);
    ends[0]?.();
    await settled();
    expect(served).toEqual(['a', 'a', 'b']);
    ends[1]?.();
    await settled();
    expect(served).toEqual(['a', 'a', 'b', 'c']);
  });

  it('serve many organizations in turn', async () => {
    const { ask, served, ends } = openScore({ connections: 1, each: 1 });
    for (const who of ['a', 'a', 'a', 'b', 'b', 'c']) void ask(who);
    for (let i = 0; i < 6; i++) {
      await settled();
      ends[i]?.();
    }
    await settled();
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('given back twice are given back once', async () => {
    const { ask, served, ends, share } = openScore({ connections: 1, each: 1 });
    const giveBack = await share.take('a');
    giveBack();
    giveBack();
    void ask('b');
    void ask('c');
    await settled();
    expect(served).toEqual(['b']);
    ends[0]?.();
    await settled();
    expect(served).toEqual(['b', 'c']);
  });

  it('that do not come free in time are an error, and nobody waits behind it', async () => {
    const { share, ask, served } = openScore({ connections: 2, each: 1, waitMs: 20 });
    const giveBack = await share.take('a');
    await expect(share.take('a')).rejects.toBeInstanceOf(ConnectionsBusyError);
    giveBack();
    void ask('a');
    void ask('b');
    await settled();
    expect(served).toEqual(['a', 'b']);
  });
});
