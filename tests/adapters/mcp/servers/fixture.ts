import type { z } from 'zod';
import type { UndoLoss } from '../../../../contracts/effects.ts';
import type {
  ClientSettings,
  Provider,
  ProviderTool,
  ReadBack,
  ToolContext,
} from '../../../../adapters/mcp/servers/define.ts';

export interface ToolsOptions {
  readonly url: string;
  readonly token: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

type Args = Record<string, unknown>;

interface Undoing {
  readonly args: Args;
  readonly output: unknown;
  readonly before?: Record<string, unknown> | undefined;
  readonly accepted?: readonly UndoLoss[];
}

/** A provider with its real SDK at a fake's address; calls its tools as the server that wraps them does. */
export function toolsOf<Client>(provider: Provider<Client>, options: ToolsOptions) {
  const given: ClientSettings = {
    url: options.url,
    token: options.token,
    email: undefined,
    settings: options.settings ?? {},
    fetch: options.fetch ?? fetch,
  };
  const opening = Promise.resolve(provider.createClient(given));
  const contextOf = (effectKey?: string): ToolContext => ({
    signal: options.signal ?? new AbortController().signal,
    settings: given.settings,
    ...(effectKey ? { effectKey } : {}),
  });
  const toolOf = (name: string): ProviderTool<Client, z.ZodObject, z.ZodObject> => {
    const tool = provider.tools.find((one) => one.name === name);
    if (!tool) throw new Error(`There is no tool ${name}.`);
    return tool;
  };
  const toDone = (name: string, { args, output, before, accepted = [] }: Undoing) => {
    const tool = toolOf(name);
    return { args: tool.input.parse(args), output: tool.output.parse(output), before, accepted };
  };
  return {
    whoAmI: async () => provider.whoAmI(await opening, contextOf()),
    /** Checks what goes in and comes out against the tool's schemas. */
    async run(name: string, args: Args, effectKey?: string): Promise<Args> {
      const tool = toolOf(name);
      return tool.output.strict().parse(await tool.run(await opening, tool.input.parse(args), contextOf(effectKey)));
    },
    before: async (name: string, args: Args) =>
      toolOf(name).before?.(await opening, toolOf(name).input.parse(args), contextOf()),
    async readBack(name: string, asked: Partial<ReadBack<Args>> & { readonly args: Args; readonly effectKey: string }) {
      const tool = toolOf(name);
      const full = { sentAt: new Date(), before: undefined, taken: new Set<string>(), ...asked };
      return tool.readBack?.(
        await opening,
        { ...full, args: tool.input.parse(asked.args) },
        contextOf(asked.effectKey),
      );
    },
    undo: async (name: string, done: Undoing, effectKey?: string) =>
      toolOf(name).undo?.(await opening, toDone(name, done), contextOf(effectKey)),
    /** What others have done since, that the undo would lose. */
    lost: async (name: string, done: Undoing, effectKey?: string) =>
      (await toolOf(name).lostByUndo?.(await opening, toDone(name, done), contextOf(effectKey))) ?? [],
    resource: (name: string, output: unknown, args: Args) =>
      toolOf(name).resource?.(toolOf(name).output.parse(output), toolOf(name).input.parse(args)),
  };
}
