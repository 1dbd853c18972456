import { isDeepStrictEqual } from 'node:util';
import type { UndoLoss } from '../../../contracts/effects.ts';
import type { ToolResult } from '../../../contracts/tools.ts';
import type { LoadedTool, OfferedTool, ToolHost } from '../../../domain/tools/tool-host.ts';
import { ToolCallError, type CallOptions } from '../../../domain/tools/tool-ports.ts';

/** What a provider behind the host has done, as it knows it itself. */
export interface World {
  /** One entry for each time that something really happened. */
  readonly happened: { readonly tool: string; readonly args: unknown; readonly key: string | undefined }[];
  readonly undone: string[];
  /** What others have done since with what is to be taken back. */
  losses: readonly UndoLoss[];
  readBacks: number;
  /** How the next calls go, in order; when they are used up all goes well. */
  readonly script: Deed[];
}

/** `lost`: it happens and the answer is lost. `never`: it does not, and the answer is lost too. */
export type Deed =
  | 'ok'
  | 'lost'
  | 'never'
  | 'says-no'
  | ((options: CallOptions, happen: () => void) => Promise<ToolResult>)
  | ToolCallError;

export const tool = (changes: Partial<OfferedTool> = {}): OfferedTool => ({
  name: 'notion__createTask',
  remoteName: 'createTask',
  connectionId: '33333333-3333-4333-8333-333333333333',
  connection: 'Notion',
  provider: 'notion',
  slug: 'notion',
  definition: { name: 'createTask', description: 'Creates a task.', inputSchema: { type: 'object' }, annotations: {} },
  risk: 'write',
  idempotent: false,
  takesEffectKey: false,
  canReadBack: false,
  canUndo: true,
  ...changes,
});

/** As the host finds it; nothing here reads the connection. */
export const loaded = (tool: OfferedTool | undefined): LoadedTool | undefined =>
  tool && { tool, connection: undefined };

/** A host over one imagined provider that keeps score of what really happened there. */
export function scriptedHost(offered: readonly OfferedTool[], world: World): ToolHost {
  const happen = (name: string, args: unknown, key: string | undefined) => {
    const twice = key !== undefined && world.happened.some((one) => one.key === key);
    const takesKey = offered.some(({ remoteName, takesEffectKey }) => remoteName === name && takesEffectKey);
    if (!(takesKey && twice)) world.happened.push({ tool: name, args, key });
  };
  const unused = () => Promise.reject(new Error('Nobody asks this here.'));
  return {
    offer: async () => ({ tools: offered, leftOut: [] }),
    offerIn: async () => ({ tools: offered, leftOut: [] }),
    find: async (_user, name) => offered.find((one) => one.name === name),
    load: async (_trx, _user, name) => loaded(offered.find((one) => one.name === name)),
    checkArguments: () => [],
    before: async () => ({ title: 'before' }),
    call: async ({ tool: { remoteName: name } }, args, { beforeSending, ...options }) => {
      const sendUntil = await beforeSending?.(async () => undefined);
      const deed = world.script.shift() ?? 'ok';
      const doIt = () => happen(name, args, options.effectKey);
      if (deed instanceof ToolCallError) throw deed;
      if (typeof deed === 'function') return deed({ ...options, ...(sendUntil !== undefined && { sendUntil }) }, doIt);
      if (deed === 'ok' || deed === 'lost') doIt();
      if (deed === 'lost' || deed === 'never') throw new ToolCallError('unknown', 'The answer was lost.');
      return { text: deed === 'ok' ? `done: ${name}` : 'No such database.', isError: deed === 'says-no' };
    },
    readBack: async ({ tool: { remoteName: name } }, { effectKey }) => {
      world.readBacks++;
      const found = world.happened.find(({ key, tool: made }) => key === effectKey && made === name);
      return found ? { happened: { text: `found: ${name}`, isError: false } } : 'not_happened';
    },
    resource: (_provider, name) => ({ id: `${name}-1`, url: 'https://notion.example/1' }),
    undo: async ({ tool: { remoteName: name } }, { before, accepted }) => {
      const losses = world.losses.filter((loss) => !accepted.some((one) => isDeepStrictEqual(one, loss)));
      if (losses.length > 0) return { losses: world.losses };
      world.undone.push(`${name} back to ${String(before?.['title'])}`);
      return { said: 'Taken back.' };
    },
    refresh: unused,
    test: unused,
    forget: unused,
    close: () => Promise.resolve(),
  };
}

export const openWorld = (...script: Deed[]): World => ({ happened: [], undone: [], losses: [], readBacks: 0, script });
