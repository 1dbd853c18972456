import type { z } from 'zod';
import { ToolCallError, type CallOptions } from './mcp-connection.ts';
import type { Provider, ProviderTool } from '../../adapters/mcp/servers/define.ts';
import { toResult, type AuthorizedProviderClient } from '../../adapters/mcp/host/authorized-provider-client.ts';
import type { ReadBackAsked, ToolHost } from './tool-host.ts';

type Args = Readonly<Record<string, unknown>>;
type Done = Parameters<ToolHost['undo']>[2];

/** What there was before, with a server of ours; others are not asked. @throws ToolCallError */
export async function lookBefore(
  desk: AuthorizedProviderClient | undefined,
  remoteName: string,
  args: Args,
  options: CallOptions,
) {
  const tool = desk?.tool(remoteName);
  if (!desk || !tool?.before) return undefined;
  const given = parse(tool.input, args, remoteName);
  return desk.use(options, async (client, context) => tool.before?.(client, given, context));
}

/** @throws ToolCallError */
export async function readBackWith(
  desk: AuthorizedProviderClient | undefined,
  remoteName: string,
  asked: ReadBackAsked,
  options: CallOptions,
): ReturnType<ToolHost['readBack']> {
  const tool = desk?.tool(remoteName);
  if (!desk || !tool?.readBack) return 'unclear';
  const args = parse(tool.input, asked.args, remoteName);
  const verdict = await desk.use(options, async (client, context) =>
    tool.readBack?.(client, { ...asked, args }, context),
  );
  if (verdict === undefined || typeof verdict === 'string') return verdict ?? 'unclear';
  return { happened: toResult(verdict.happened) };
}

/** @throws ToolCallError */
export async function undoWith(
  desk: AuthorizedProviderClient | undefined,
  remoteName: string,
  done: Done,
  options: CallOptions,
): Promise<string> {
  const tool = desk?.tool(remoteName);
  if (!desk || !tool?.undo) throw new ToolCallError('refused', `${remoteName} cannot be taken back.`);
  const args = parse(tool.input, done.args, remoteName);
  const output = parse(tool.output, done.result.data ?? {}, remoteName);
  const said = await desk.use(options, async (client, context) =>
    tool.undo?.(client, { args, output, before: done.before }, context),
  );
  return said ?? '';
}

/** Where a result can be found, by the word of a server of ours. */
export function resourceIn(
  providers: readonly Provider[],
  ...[provider, remoteName, result, args]: Parameters<ToolHost['resource']>
): ReturnType<ToolHost['resource']> {
  const tools = providers.find((one) => one.provider === provider)?.tools as
    readonly ProviderTool<unknown>[] | undefined;
  const tool = tools?.find(({ name }) => name === remoteName);
  if (!tool?.resource) return undefined;
  // A hosted server of the same provider may have a tool of the same name that answers otherwise.
  const output = tool.output.safeParse(result.data);
  const given = tool.input.safeParse(args);
  return output.success && given.success ? tool.resource(output.data, given.data) : undefined;
}

function parse(schema: z.ZodObject, value: Args, tool: string): Record<string, unknown> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ToolCallError('refused', `${tool} does not take this any more.`);
  return parsed.data;
}
