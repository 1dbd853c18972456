import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createOnce, removeStale, withLock } from '../../dev/lock-file.ts';
import { scratch } from './scratch.ts';

const LOCK = new URL('../../dev/lock-file.ts', import.meta.url).href;
const print = () => undefined;

describe('a lock', () => {
  it('that was left empty is nobody\u2019s', async () => {
    const target = join(scratch(), 'temporal');
    writeFileSync(`${target}.lock`, '');
    const began = performance.now();
    await expect(withLock(target, { print }, async () => 'made')).resolves.toBe('made');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('of a dead holder goes to one of many who want it, and never to two at once', async () => {
    const dir = scratch();
    const target = join(dir, 'temporal');
    writeFileSync(`${target}.lock`, '4000000 an earlier boot:1');
    mkdirSync(join(dir, 'inside'));
    const code = `
      import { withLock } from ${JSON.stringify(LOCK)};
      import { readdirSync, rmSync, writeFileSync } from 'node:fs';
      for (let round = 0; round < 15; round++)
        await withLock(${JSON.stringify(target)}, { print() {} }, async () => {
          writeFileSync(${JSON.stringify(join(dir, 'inside'))} + '/' + process.pid, '');
          if (readdirSync(${JSON.stringify(join(dir, 'inside'))}).length > 1) console.log('two at once');
          rmSync(${JSON.stringify(join(dir, 'inside'))} + '/' + process.pid);
          // As one that is killed: it stays behind, stale.
          if (round % 5 === 4) writeFileSync(${JSON.stringify(target)} + '.lock', '4000000 an earlier boot:1');
        });`;
    const said = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let words = '';
        child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()));
        const [exit] = (await once(child, 'close')) as [number];
        return `${exit} ${words}`;
      }),
    );
    expect(said).toEqual(Array(4).fill('0 '));
  }, 60_000);

  it('is whole when it appears, and a fresh one is not removed for a stale one', () => {
    const file = join(scratch(), 'held');
    expect(createOnce(file, 'me')).toBe(true);
    expect(createOnce(file, 'you')).toBe(false);
    removeStale(file, (content) => content === 'somebody else');
    expect(readFileSync(file, 'utf8')).toBe('me');
    removeStale(file, (content) => content === 'me');
    expect(existsSync(file)).toBe(false);
  });

  it('whose removal was cut off is removed all the same', () => {
    const dir = scratch();
    const file = join(dir, 'held');
    for (const name of [file, `${file}.removing`]) writeFileSync(name, 'gone');
    removeStale(file, () => true);
    expect(existsSync(file)).toBe(true);
    utimesSync(`${file}.removing`, 0, 0);
    removeStale(file, () => true);
    removeStale(file, () => true);
    expect(readdirSync(dir)).toEqual([]);
  });
});
