import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { ProviderError, type Provider, type ProviderTool, type ToolContext } from './define.ts';
import { EFFECT_KEY_META, toFaultResult, toReadable, progressTo } from './call-result.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A provider's client with valid credentials, and the connection's settings. @throws ProviderError */
export type OpenClient = (
  signal: AbortSignal,
) => Promise<{ readonly client: unknown; readonly settings: Readonly<Record<string, string>> }>;

/** An MCP server over one provider's tools. The client is opened for each call: a refreshed grant counts at once. */
export function createProviderServer(provider: Provider, openClient: OpenClient): McpServer {
  const server = new McpServer({ name: `nubabel-${provider.provider}`, title: provider.title, version: '1.0.0' });
  for (const tool of provider.tools as readonly ProviderTool<unknown>[]) {
    const { title, description, input, output, annotations } = tool;
    server.registerTool(
      tool.name,
      { title, description, inputSchema: input, outputSchema: output, annotations: { title, ...annotations } },
      async (args: z.infer<z.ZodObject>, extra: Extra) => {
        try {
          return await runTool(tool, openClient, args, extra);
        } catch (error) {
          return toFaultResult(toProviderError(tool, error));
        }
      },
    );
  }
  return server;
}

async function runTool(
  tool: ProviderTool<unknown>,
  openClient: OpenClient,
  args: z.infer<z.ZodObject>,
  extra: Extra,
): Promise<CallToolResult> {
  const { client, settings } = await notStarted(openClient(extra.signal));
  const effectKey = extra._meta?.[EFFECT_KEY_META];
  const context: ToolContext = {
    signal: extra.signal,
    settings,
    ...(typeof effectKey === 'string' && { effectKey }),
    onProgress: progressTo(extra),
  };
  const data = tool.output.parse(await tool.run(client, args, context));
  return { content: [{ type: 'text', text: toReadable(data) }], structuredContent: data };
}

/** Before the tool is run nothing can have happened, whatever went wrong. */
async function notStarted<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof ProviderError && error.fault !== 'unknown') throw error;
    const message = error instanceof ProviderError ? error.message : 'The connection could not be opened.';
    throw new ProviderError('unavailable', `${message} Nothing was sent.`, { cause: error });
  }
}

/** An untranslated failure may have come after the change: only a read may say that nothing happened. */
function toProviderError(tool: ProviderTool<unknown>, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  return tool.annotations.readOnlyHint
    ? new ProviderError('unavailable', `${tool.title} failed on our side. Nothing was changed.`, { cause: error })
    : new ProviderError(
        'unknown',
        `${tool.title} failed on our side. It may have happened: look before trying again.`,
        {
          cause: error,
        },
      );
}
