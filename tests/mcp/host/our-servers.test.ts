import { describe, expect, it } from '@jest/globals';
import { ToolName } from '../../../contracts/tools.ts';
import { cleanDefinition } from '../../../mcp/host/clean-definition.ts';
import { openInProcess } from '../../../mcp/host/in-process.ts';
import type { ProviderDesk } from '../../../mcp/host/provider-desk.ts';
import { suspicionOf } from '../../../mcp/host/suspicious-text.ts';
import { toolName } from '../../../mcp/host/tool-names.ts';
import { riskOf } from '../../../mcp/port.ts';
import { providers } from '../../../mcp/servers/index.ts';

const never = new AbortController().signal;
/** Nothing is called here, so nothing is opened. */
const desk: ProviderDesk = {
  open: () => Promise.reject(new Error('not asked')),
  renew: () => Promise.reject(new Error('not asked')),
  use: () => Promise.reject(new Error('not asked')),
  tool: () => undefined,
};

describe.each(providers.map((provider) => [provider.provider, provider] as const))(
  'our server for %s',
  (name, provider) => {
    it('lists its tools through the protocol as models may be shown them', async () => {
      const connection = await openInProcess({ provider, connection: provider.title, desk }, never);
      const tools = await connection.list(never);
      await connection.close();
      expect(tools.map((tool) => tool.name)).toEqual(provider.tools.map((tool) => tool.name));
      for (const tool of tools) {
        expect(ToolName.safeParse(toolName(name, tool.name)).success).toBe(true);
        expect(suspicionOf(tool)).toBeUndefined();
        expect(cleanDefinition(tool)).toEqual({ ...tool, inputSchema: expect.objectContaining({ type: 'object' }) });
        expect(Object.keys(cleanDefinition(tool).inputSchema.properties ?? {})).toEqual(
          Object.keys(tool.inputSchema.properties ?? {}),
        );
      }
    });

    it('can find out about every change, or the provider takes our key', () => {
      const changes = provider.tools.filter(({ annotations }) => riskOf(annotations, true) !== 'read');
      expect(changes.length).toBeGreaterThan(0);
      expect(
        changes.filter((tool) => !tool.readBack && !tool.takesEffectKey && !tool.annotations.idempotentHint),
      ).toEqual([]);
    });
  },
);
