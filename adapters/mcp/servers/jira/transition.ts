import { z } from 'zod';
import { ProviderError } from '../define.ts';
import { Nothing, type JiraClient } from './client.ts';
import { readIssue } from './issue.ts';

const Transitions = z.object({
  transitions: z.array(z.object({ id: z.string(), to: z.object({ name: z.string() }) })),
});

const same = (a: string, b: string): boolean => a.localeCompare(b, undefined, { sensitivity: 'accent' }) === 0;

/** The transition to a status by its name; undefined where the issue is there already. @throws ProviderError `refused` */
export async function findTransition(
  client: JiraClient,
  key: string,
  status: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const now = (await readIssue(client, key, signal)).fields.status?.name ?? '';
  if (same(now, status)) return undefined;
  const { transitions } = await client.ask('GET', `/issue/${key}/transitions`, Transitions, { signal });
  const found = transitions.find(({ to }) => same(to.name, status));
  if (found) return found.id;
  const ways = transitions.map(({ to }) => to.name).join(', ') || 'nowhere';
  throw new ProviderError('refused', `${key} is "${now}" and cannot be moved to "${status}". It can go to: ${ways}.`);
}

/** Moves an issue. After fields have been changed a refusal is no longer "nothing was done". */
export async function moveTo(
  client: JiraClient,
  key: string,
  id: string,
  { changedAlready, signal }: { readonly changedAlready: boolean; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await client.ask('POST', `/issue/${key}/transitions`, Nothing, { body: { transition: { id } }, signal });
  } catch (error) {
    if (!changedAlready || !(error instanceof ProviderError)) throw error;
    throw new ProviderError('unknown', `The fields of ${key} are set; its status is not. ${error.message}`, {
      cause: error,
    });
  }
}
