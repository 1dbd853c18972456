import { describe, expect, it } from '@jest/globals';
import { ToolName } from '../../../../contracts/tools.ts';
import { cleanDefinition } from '../../../../domain/tools/clean-definition.ts';
import { openInProcess } from '../../../../adapters/mcp/host/in-process.ts';
import type { AuthorizedProviderClient } from '../../../../adapters/mcp/host/authorized-provider-client.ts';
import { suspicionOf } from '../../../../domain/tools/pins.ts';
import { toolName } from '../../../../domain/tools/refresh-tools.ts';
import { riskOf } from '../../../../domain/tools/offers.ts';
import { providers } from '../../../../adapters/mcp/servers/index.ts';

const never = new AbortController().signal;
/** Nothing is called here, so nothing is opened. */
const client: AuthorizedProviderClient = {
  open: () => Promise.reject(new Error('not asked')),
  renew: () => Promise.reject(new Error('not asked')),
  use: () => Promise.reject(new Error('not asked')),
  authorizeAs: () => undefined,
};

describe.each(providers.map((provider) => [provider.provider, provider] as const))(
  'our server for %s',
  (name, provider) => {
    it('lists its tools through the protocol as models may be shown them', async () => {
      const connection = await openInProcess({ provider, connection: provider.title, client }, never);
      const { tools } = await connection.list(never);
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
