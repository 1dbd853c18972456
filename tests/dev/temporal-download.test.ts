import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ensureTemporalCli } from '../../dev/temporal/cli.ts';
import { downloadTemporalCli } from '../../dev/temporal/download.ts';
import { program, scratch } from './scratch.ts';

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;
const ARCHIVE = `temporal_cli_1.8.2_${process.platform}_${ARCH}.tar.gz`;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Releases on this machine. */
async function releases(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/download`;
}

/** An archive as Temporal makes them, with a program that says its version. */
function release(root: string) {
  program(join(root, 'release', 'temporal'), 'echo "temporal version 1.8.2"');
  execFileSync('tar', ['-czf', join(root, ARCHIVE), '-C', join(root, 'release'), 'temporal']);
  const bytes = readFileSync(join(root, ARCHIVE));
  return { bytes, checksum: createHash('sha256').update(bytes).digest('hex') };
}

/** An address where nobody listens. */
async function nowhere(): Promise<string> {
  const url = await releases(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return url;
}

const serve =
  (files: Record<string, Buffer | string>): RequestListener =>
  (req, res) => {
    const file = files[req.url?.split('/').at(-1) ?? ''];
    if (!req.url?.startsWith('/download/v1.8.2/') || file === undefined) res.writeHead(404).end();
    else res.end(file);
  };

function machine() {
  const root = scratch();
  const said: string[] = [];
  const target = join(root, 'cache', 'temporal-1.8.2', 'temporal');
  mkdirSync(dirname(target), { recursive: true });
  const print = (line: string) => void said.push(line);
  // The release's program is a shell script, which finds its commands where they are on every system.
  return { root, said, target, print, env: { PATH: join(root, 'bin') } };
}

describe('downloading Temporal’s release', () => {
  it('takes the archive that matches the published checksum, and keeps the checksum', async () => {
    const { root, said, target, print, env } = machine();
    const { bytes, checksum } = release(root);
    mkdirSync(join(dirname(target), 'downloading-killed'));
    const checksums = `${'0'.repeat(64)}  temporal_cli_1.8.2_plan9_amd64.tar.gz\n${checksum}  ${ARCHIVE}\n`;
    const releaseUrl = await releases(serve({ [ARCHIVE]: bytes, 'checksums.txt': checksums }));
    await expect(ensureTemporalCli({ cacheDir: join(root, 'cache'), releaseUrl, env, print })).resolves.toBe(target);
    expect(readFileSync(`${target}.sha256`, 'utf8')).toBe(`${checksum}  ${ARCHIVE}\n`);
    expect(readdirSync(dirname(target)).sort()).toEqual(['temporal', 'temporal.sha256']);
    expect(said.join('\n')).toMatch(/^ {2}Downloading Temporal's server[^\n]*\n {2}Temporal's server is downloaded/);
  });

  it('refuses an archive that is another than the published one, and leaves nothing behind', async () => {
    const { root, said, target, print } = machine();
    const { bytes } = release(root);
    const releaseUrl = await releases(serve({ [ARCHIVE]: bytes, 'checksums.txt': `${'a'.repeat(64)}  ${ARCHIVE}\n` }));
    await expect(downloadTemporalCli({ target, version: '1.8.2', releaseUrl, print })).resolves.toBe(false);
    expect(said.at(-1)).toMatch(/could not be downloaded \(its checksum is [0-9a-f]{64} and not the published a{64}\)/);
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  it.each([
    ['an address that refuses', nowhere, 'ECONNREFUSED'],
    ['a version that is not there', () => releases(serve({})), '404 for checksums.txt'],
    ['a list without our archive', () => releases(serve({ 'checksums.txt': '' })), `no checksum of ${ARCHIVE}`],
  ])('says in one line that it cannot: %s', async (_, start, why) => {
    const { said, target, print } = machine();
    const releaseUrl = await start();
    await expect(downloadTemporalCli({ target, version: '1.8.2', releaseUrl, print })).resolves.toBe(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(why);
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('makes the program root’s own, whoever packed it', async () => {
    const { root, target, print } = machine();
    release(root);
    chownSync(join(root, 'release', 'temporal'), 1_001, 1_001);
    execFileSync('tar', ['-czf', join(root, ARCHIVE), '-C', join(root, 'release'), 'temporal']);
    const bytes = readFileSync(join(root, ARCHIVE));
    const checksum = createHash('sha256').update(bytes).digest('hex');
    const releaseUrl = await releases(serve({ [ARCHIVE]: bytes, 'checksums.txt': `${checksum}  ${ARCHIVE}\n` }));
    await expect(downloadTemporalCli({ target, version: '1.8.2', releaseUrl, print })).resolves.toBe(true);
    expect(statSync(target).uid).toBe(0);
  });

  it('gives up when no byte comes any more', async () => {
    const { root, said, target, print } = machine();
    const { bytes, checksum } = release(root);
    const releaseUrl = await releases((req, res) => {
      if (req.url?.endsWith('checksums.txt')) {
        res.end(`${checksum}  ${ARCHIVE}\n`);
        return;
      }
      res.writeHead(200, { 'content-length': bytes.length });
      res.write(bytes.subarray(0, 10));
    });
    await expect(downloadTemporalCli({ target, version: '1.8.2', releaseUrl, print, idleMs: 200 })).resolves.toBe(
      false,
    );
    expect(said.at(-1)).toContain('no byte for 0.2 s');
    expect(existsSync(target)).toBe(false);
  });

  it('builds with Go where there is no release to be had', async () => {
    const { root, said, print, env, target } = machine();
    program(
      join(root, 'bin', 'go'),
      `if [ "$1" = version ]; then echo "go version go1.27.0 x/y"; exit 0; fi
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "temporal version 1.8.2"\\n' > "$2"`,
    );
    const releaseUrl = await nowhere();
    await expect(ensureTemporalCli({ cacheDir: join(root, 'cache'), releaseUrl, env, print })).resolves.toBe(target);
    expect(said[0]).toContain('could not be downloaded (ECONNREFUSED)');
    expect(said[1]).toContain('with Go');
  });
});
