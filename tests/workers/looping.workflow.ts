import { sleep } from '@temporalio/workflow';

/** A mistake that no await interrupts. */
export async function endlessWorkflow(): Promise<void> {
  await sleep(1);
  for (let turns = 0; turns >= 0; turns = (turns + 1) % 1_000);
}

export async function calmWorkflow(): Promise<string> {
  await sleep(1);
  return 'done';
}

export const waitingWorkflow = (): Promise<void> => sleep('1 hour');
