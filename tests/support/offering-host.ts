import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { ToolDefinition } from '../../contracts/tools.ts';
import type { ToolUser, Offer, OfferedTool } from '../../domain/tools/tool-host.ts';
import { riskOf } from '../../domain/tools/offers.ts';
import type { Provider } from '../../adapters/mcp/servers/define.ts';
import { createProviderServer } from '../../adapters/mcp/servers/serve.ts';

/** What a server of ours says of its tools, over the protocol. */
export async function definitionsOf(provider: Provider): Promise<ToolDefinition[]> {
  const server = createProviderServer(provider, () => Promise.reject(new Error('nobody calls here')));
  const client = new Client({ name: 'test', version: '1' });
  const [there, here] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name, title, description = '', inputSchema, outputSchema, annotations = {} }) => ({
    name,
    title,
    description,
    inputSchema,
    outputSchema,
    annotations,
  }));
}

/** A host that offers one organization all tools of these providers, as accepted. */
export async function createOfferingHost(organizationId: string, providers: readonly Provider[]) {
  const tools: OfferedTool[] = [];
  for (const one of providers) {
    const { provider, title } = one;
    for (const definition of await definitionsOf(one))
      tools.push({
        name: `${provider}__${definition.name}`,
        remoteName: definition.name,
        connectionId: `${provider}-connection`,
        connection: title,
        provider,
        slug: provider,
        definition,
        risk: riskOf(definition.annotations, true),
        idempotent: definition.annotations.idempotentHint === true,
        takesEffectKey: false,
        canReadBack: false,
        canUndo: false,
      });
  }
  return {
    offer: async (whom: ToolUser): Promise<Offer> => ({
      tools: whom.organizationId === organizationId ? tools : [],
      leftOut: [],
    }),
  };
}
