import { describe, expect, it } from '@jest/globals';
import { createIdlePool } from '../../../../adapters/mcp/host/idle-pool.ts';
import { eventually } from '../../../support/eventually.ts';

function fixture(idleMs = 60_000) {
  const events: string[] = [];
  let opened = 0;
  const kept = createIdlePool<string>({ idleMs, close: async (one) => void events.push(`close ${one}`) });
  const of = (fingerprint = 'f', open = async () => `s${++opened}`) => ({ key: 'k', fingerprint, open });
  return { kept, of, events, opened: () => opened };
}

describe('what is kept open', () => {
  it('is opened once for many who come at once, and kept', async () => {
    const { kept, of, opened } = fixture();
    expect(await Promise.all(Array.from({ length: 20 }, () => kept.use(of(), (one) => one)))).toEqual(
      Array(20).fill('s1'),
    );
    expect(await kept.use(of(), (one) => one)).toBe('s1');
    expect(opened()).toBe(1);
    await kept.close();
  });

  it('is closed when nobody has used it for a while, and not while somebody does', async () => {
    const { kept, of, events } = fixture(20);
    let finish = (): void => undefined;
    const long = kept.use(of(), () => new Promise<void>((resolve) => (finish = resolve)));
    await kept.use(of(), (one) => one);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
    finish();
    await long;
    await eventually('the closing', () => events.length === 1);
  });

  it('is opened anew with other facts, and the old one ends with its last user', async () => {
    const { kept, of, events } = fixture();
    await kept.use(of('old'), async (one) => {
      await one;
      expect(await kept.use(of('new'), (other) => other)).toBe('s2');
      expect(events).toEqual([]);
    });
    await eventually('the closing', () => events.includes('close s1'));
    expect(await kept.use(of('new'), (one) => one)).toBe('s2');
    await kept.close();
  });

  it('is tried again after it could not be opened', async () => {
    const { kept, of } = fixture();
    const failing = of('f', () => Promise.reject(new Error('away')));
    await expect(kept.use(failing, (one) => one)).rejects.toThrow('away');
    expect(await kept.use(of(), (one) => one)).toBe('s1');
    await kept.close();
  });

  it('is all closed at the end', async () => {
    const { kept, of, events } = fixture();
    await kept.use(of(), (one) => one);
    await kept.close();
    expect(events).toEqual(['close s1']);
  });
});
