import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { UndoLoss } from '../../../contracts/effects.ts';
import { ToolCallError, type FirstPartyTools, type ProviderEffects } from '../../../domain/tools/tool-ports.ts';
import { goneSentence, ProviderError, UNSEEN, type Provider, type ProviderTool } from '../servers/define.ts';
import { toReadable } from '../servers/call-result.ts';
import type { AuthorizedProviderClient } from './authorized-provider-client.ts';

type Arguments = Readonly<Record<string, unknown>>;

const toolOf = ({ tools }: Provider, name: string): ProviderTool<unknown> | undefined =>
  (tools as readonly ProviderTool<unknown>[]).find((tool) => tool.name === name);

/** Looks, read-backs and undos of a provider's tools, with one connection's client. */
export const createProviderEffects = (provider: Provider, client: AuthorizedProviderClient): ProviderEffects => ({
  async before(name, args, options) {
    const tool = toolOf(provider, name);
    if (!tool?.before) return undefined;
    const given = parse(tool.input, args, name);
    return client.use(options, async (api, context) => tool.before?.(api, given, context));
  },
  async readBack(name, request, options) {
    const tool = toolOf(provider, name);
    if (!tool?.readBack) return 'unclear';
    const args = parse(tool.input, request.args, name);
    const verdict = await client.use(options, async (api, context) =>
      tool.readBack?.(api, { ...request, args }, context),
    );
    if (verdict === undefined || typeof verdict === 'string') return verdict ?? 'unclear';
    // As the server of ours would answer it.
    return { happened: { text: toReadable(verdict.happened), data: verdict.happened, isError: false } };
  },
  async undo(name, { args, result, before, accepted }, options) {
    const tool = toolOf(provider, name);
    if (!tool?.undo) throw new ToolCallError('refused', `${name} cannot be undone.`);
    const given = parse(tool.input, args, name);
    const output = parse(tool.output, result.data ?? {}, name);
    const done = { args: given, output, before, accepted };
    return client.use(options, async (api, context) => {
      const losses = (await tool.lostByUndo?.(api, done, context).catch(lossesOfRefused)) ?? [];
      if (losses === 'gone') return { said: goneSentence(provider.title, tool.resource?.(output, given)?.id ?? name) };
      const isAccepted = (loss: UndoLoss) => accepted.some((one) => isDeepStrictEqual(one, loss));
      if (!losses.every(isAccepted)) return { losses };
      return { said: (await tool.undo?.(api, done, context)) ?? '' };
    });
  },
  whoAmI: (options) => client.use(options, (api, context) => provider.whoAmI(api, context)),
});

/**
 * A refused look says nothing of what is there, so a person is asked. What is gone loses nothing, and nothing is sent: an
 * undo that works after all would lose what nobody has seen. A look that got no answer is tried again later.
 */
function lossesOfRefused(error: unknown): UndoLoss[] | 'gone' {
  if (!(error instanceof ProviderError) || error.fault !== 'refused') throw error;
  return error.isGone ? 'gone' : [UNSEEN];
}

function parse(schema: z.ZodObject, value: Arguments, tool: string): Record<string, unknown> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ToolCallError('refused', `${tool} does not take this any more.`);
  return parsed.data;
}

/** What providers promise of their tools. */
export function createFirstPartyTools(providers: readonly Provider[]): FirstPartyTools {
  const find = (name: string, tool: string) => {
    const provider = providers.find((one) => one.provider === name);
    return provider && toolOf(provider, tool);
  };
  return {
    promises(provider, name) {
      const tool = find(provider, name);
      return (
        tool && {
          takesEffectKey: tool.takesEffectKey === true,
          canReadBack: tool.readBack !== undefined,
          canUndo: tool.undo !== undefined,
        }
      );
    },
    resource(provider, name, result, args) {
      const tool = find(provider, name);
      if (!tool?.resource) return undefined;
      // A hosted server of the same provider may have a tool of the same name that answers otherwise.
      const output = tool.output.safeParse(result.data);
      const given = tool.input.safeParse(args);
      return output.success && given.success ? tool.resource(output.data, given.data) : undefined;
    },
  };
}
