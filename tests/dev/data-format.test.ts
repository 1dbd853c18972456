import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { claimDataFormat } from '../../dev/data-format.ts';
import { scratch } from './scratch.ts';

describe('a data folder', () => {
  it('is marked when it is new, and taken again by the same version', () => {
    const dataDir = scratch();
    mkdirSync(join(dataDir, 'logs'));
    claimDataFormat(dataDir);
    const marked = readFileSync(join(dataDir, 'format'), 'utf8');
    writeFileSync(join(dataDir, 'temporal.db'), '');
    claimDataFormat(dataDir);
    expect(readFileSync(join(dataDir, 'format'), 'utf8')).toBe(marked);
  });

  it.each([
    ['temporal.db', 'from before there was a mark', /from an older version.*npm run reset.*NUBABEL_DATA_DIR/],
    ['dev-token', 'from before there was a mark', /from an older version/],
    ['format', '1', /from an older version/],
    ['format', '999', /from a newer version/],
    ['format', 'cut off', /from an older version/],
  ])('with %s that says "%s" is refused, and nothing is written', (name, text, message) => {
    const dataDir = scratch();
    writeFileSync(join(dataDir, name), text);
    expect(() => claimDataFormat(dataDir)).toThrow(message);
    expect(readFileSync(join(dataDir, name), 'utf8')).toBe(text);
    expect(existsSync(join(dataDir, 'format'))).toBe(name === 'format');
  });
});

describe('a folder that is no data folder', () => {
  it('is refused when it holds other things, and nothing is written', () => {
    const folder = scratch();
    for (const name of ['logs', 'photos', '.bashrc']) mkdirSync(join(folder, name));
    expect(() => claimDataFormat(folder)).toThrow(/is not Nubabel's: it holds photos/);
    expect(existsSync(join(folder, 'format'))).toBe(false);
  });

  it('is said to be of no use when nobody can write there', () => {
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    expect(() => claimDataFormat(join(file, 'data'))).toThrow(/cannot be used \(ENOTDIR\).*NUBABEL_DATA_DIR/);
  });
});

describe('npm start on a folder of an older version', () => {
  it('says in one line what to do, and ends', async () => {
    const dataDir = scratch();
    writeFileSync(join(dataDir, 'temporal.db'), '');
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NUBABEL_DATA_DIR: dataDir };
    const child = spawn(process.execPath, ['dev/start.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, lines: printed.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(printed).toMatch(/^✗ This data folder is from an older version of Nubabel.*npm run reset/);
    expect(existsSync(join(dataDir, 'nubabel.pid.json'))).toBe(false);
  }, 30_000);
});

describe('npm start', () => {
  it('comes as far as to what it cannot use', async () => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, NUBABEL_DATA_DIR: scratch(), PORT: '0', TEMPORAL_CLI: '/nowhere/temporal' };
    const child = spawn(process.execPath, ['dev/start.ts'], {
      env: { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, printed }).toMatchObject({
      code: 1,
      printed: expect.stringMatching(/✗ .*(TEMPORAL_CLI|DATABASE_URL)/),
    });
    expect(printed).not.toContain('ReferenceError');
  }, 30_000);
});
