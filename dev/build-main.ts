import type { BuildName } from './build.ts';

const builds: Record<BuildName, () => Promise<{ path: string; rebuilt: boolean }>> = {
  console: async () => (await import('./console.ts')).buildConsole(),
  'workflow-bundle': async () => (await import('../workers/bundle.ts')).buildWorkflowBundle(),
};

const built = await builds[process.argv[2] as BuildName]();
process.send?.(built, () => process.disconnect());
