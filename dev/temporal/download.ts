import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, createWriteStream, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { SYSTEM_ENV } from '../child-env.ts';
import type { PrintLine } from '../terminal.ts';

interface Download {
  readonly target: string;
  readonly version: string;
  /** Where releases are, as `<url>/v<version>/<file>`, with `checksums.txt` (SHA-256) beside the archives. */
  readonly releaseUrl: string;
  readonly print: PrintLine;
  readonly signal?: AbortSignal;
  /** Given up after so long without a byte, ms. */
  readonly idleMs?: number;
}

const IDLE_MS = 20_000;
const MAX_CHECKSUMS_BYTES = 100_000;
const UNFINISHED = 'downloading-';

/**
 * Fetches Temporal's own release, which takes seconds where a build takes minutes. The archive has to match the
 * published checksum, which is kept beside the program. False, with one line that says why, where that is not possible:
 * offline, behind a proxy that refuses, on a platform without a release.
 */
export async function downloadTemporalCli(download: Download): Promise<boolean> {
  const { target, version, print, signal } = download;
  const archive = archiveName(version);
  if (!archive) return false;
  // The caller holds the lock, so whatever unfinished download lies here belongs to a start that was killed.
  for (const name of readdirSync(dirname(target)))
    if (name.startsWith(UNFINISHED)) rmSync(join(dirname(target), name), { recursive: true, force: true });
  const folder = mkdtempSync(join(dirname(target), UNFINISHED));
  const began = performance.now();
  try {
    const wanted = await publishedChecksum(download, archive);
    print("  Downloading Temporal's server. Only the first time.");
    const file = join(folder, archive);
    const found = await fetchTo(download, archive, file);
    if (found !== wanted) throw new Error(`its checksum is ${found} and not the published ${wanted}`);
    await unpack(file, folder, signal);
    const program = join(folder, 'temporal');
    chmodSync(program, 0o755);
    writeFileSync(`${target}.sha256`, `${wanted}  ${archive}\n`);
    renameSync(program, target);
    print(`  Temporal's server is downloaded (${Math.round((performance.now() - began) / 1000)} s).`);
    return true;
  } catch (error) {
    if (!signal?.aborted) print(`  Temporal's release could not be downloaded (${reasonOf(error)}).`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function archiveName(version: string): string | undefined {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  const known = process.platform === 'linux' || process.platform === 'darwin';
  return known && arch ? `temporal_cli_${version}_${process.platform}_${arch}.tar.gz` : undefined;
}

async function publishedChecksum(download: Download, archive: string): Promise<string> {
  let text = '';
  for await (const bytes of await bytesOf(download, 'checksums.txt')) {
    text += Buffer.from(bytes).toString('utf8');
    if (text.length > MAX_CHECKSUMS_BYTES) throw new Error('the list of checksums does not end');
  }
  const line = text.split('\n').find((each) => each.trim().endsWith(archive));
  const checksum = line?.trim().split(/\s+/)[0] ?? '';
  if (!/^[0-9a-f]{64}$/.test(checksum)) throw new Error(`there is no checksum of ${archive}`);
  return checksum;
}

/** Answers the SHA-256 of what was written. */
async function fetchTo(download: Download, archive: string, file: string): Promise<string> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(await bytesOf(download, archive), hashing, createWriteStream(file));
  return hash.digest('hex');
}

/** The body of a file of the release; ends with an error when no byte comes for a while. */
async function bytesOf({ releaseUrl, version, signal, idleMs = IDLE_MS }: Download, name: string): Promise<Readable> {
  const idle = new AbortController();
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => idle.abort(new Error(`no byte for ${idleMs / 1000} s`)), idleMs);
  };
  let timer: NodeJS.Timeout | undefined;
  restart();
  try {
    const response = await fetch(`${releaseUrl}/v${version}/${name}`, {
      dispatcher: new EnvHttpProxyAgent(),
      signal: signal ? AbortSignal.any([signal, idle.signal]) : idle.signal,
    });
    if (!response.ok || !response.body) throw new Error(`${response.status} for ${name}`);
    const body = Readable.fromWeb(response.body);
    body.on('data', restart).once('close', () => clearTimeout(timer));
    // A listener for data starts the flow; whoever reads shall start it.
    return body.pause();
  } catch (error) {
    clearTimeout(timer);
    throw error;
  }
}

/** `tar` is on every system that has a release; Node has none of its own. With `o` root gets no file of another user's. */
const unpack = (file: string, folder: string, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const tar = spawn('tar', ['-xzof', file, '-C', folder, 'temporal'], { stdio: 'ignore', env: SYSTEM_ENV, signal });
    tar.once('error', reject);
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
  });

/** The innermost reason that has a code or words; `fetch` wraps it, and not always in an Error of our own. */
function reasonOf(error: unknown): string {
  const { code, message, cause } = (error ?? {}) as { code?: string; message?: string; cause?: unknown };
  if (cause) return reasonOf(cause);
  return code ?? message ?? String(error);
}
