import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { ROOT } from './paths.ts';

/** Builds the console into `dist/web`, unless what is there was built from exactly these sources. */
export async function buildConsole(root = ROOT): Promise<{ path: string; rebuilt: boolean }> {
  const path = join(root, 'dist', 'web');
  const hashFile = join(path, '.hash');
  const hash = hashOfSources(root);
  if (existsSync(hashFile) && readFileSync(hashFile, 'utf8') === hash) return { path, rebuilt: false };
  const webDir = join(root, 'web');
  // A build that is cut off must not pass for a finished one.
  rmSync(hashFile, { force: true });
  await build({
    root: webDir,
    configFile: join(webDir, 'vite.config.ts'),
    // Node reads the TypeScript itself; vite's own way writes beside it first.
    configLoader: 'native',
    logLevel: 'warn',
    build: { outDir: path, emptyOutDir: true },
  });
  compressAssets(path);
  writeFileSync(hashFile, hash);
  return { path, rebuilt: true };
}

/** Scripts and styles also lie there compressed: done once here, and not for every visitor. */
function compressAssets(path: string): void {
  for (const name of globSync('assets/*.{js,css}', { cwd: path })) {
    const file = join(path, name);
    const plain = readFileSync(file);
    writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
    writeFileSync(`${file}.br`, brotliCompressSync(plain));
  }
}

/** The console also shows types and schemas of the contracts, and its libraries come with the lock file. */
function hashOfSources(root: string): string {
  // A build that compresses nothing is another one.
  const hash = createHash('sha256').update('compressed\0');
  const files = ['web/**/*', 'contracts/**/*', 'package-lock.json'].flatMap((pattern) =>
    globSync(pattern, { cwd: root }),
  );
  for (const file of files.toSorted()) {
    const path = join(root, file);
    if (statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}
