import './servers.ts';

/** Ends what `servers.ts` started. */
export default async function stopServers(): Promise<void> {
  await globalThis.nubabelTestServers?.stop();
}
