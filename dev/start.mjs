// Plain JavaScript, so that an old Node can read it and say what is missing.
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  const resets = process.argv.includes('--reset');
  if (resets) process.argv.splice(process.argv.indexOf('--reset'), 1);
  await import(resets ? './reset.ts' : './start.ts');
} else {
  process.stderr.write(
    `Nubabel runs on Node ${NEEDED}, which comes with its packages; this is Node ${process.versions.node}. ` +
      'Start it with "npm start". If you did, install again with "npm ci" and let the script of the package "node" run.\n',
  );
  process.exitCode = 1;
}
