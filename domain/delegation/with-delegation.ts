import { DELEGATE } from '../../contracts/tools.ts';
import { riskOf } from '../tools/offers.ts';
import type { OfferedTool, ToolHost } from '../tools/tool-host.ts';
import type { Delegation } from './delegation-port.ts';

/** Coding agents have no row of their own; this stands for one. */
const DELEGATE_CONNECTION = '00000000-0000-4000-8000-00000000de1e';

/**
 * The host with coding agents among its tools. Agents are offered those that are there; whoever names another one is
 * told what to set. They are called through `Delegation`, which wants more than a connection does.
 */
export function withDelegation(host: ToolHost, delegation: Pick<Delegation, 'tools' | 'available'>): ToolHost {
  const all = delegation.tools().map((definition): OfferedTool => ({
    name: `${DELEGATE}__${definition.name}`,
    remoteName: definition.name,
    connectionId: DELEGATE_CONNECTION,
    connection: definition.title ?? definition.name,
    provider: DELEGATE,
    slug: DELEGATE,
    definition,
    risk: riskOf(definition.annotations, true),
    idempotent: false,
    takesEffectKey: false,
    canReadBack: false,
    canUndo: false,
  }));
  const withAvailable = async (offer: Awaited<ReturnType<ToolHost['offer']>>) => {
    const available = new Set<string>(await delegation.available());
    return { ...offer, tools: [...offer.tools, ...all.filter(({ remoteName }) => available.has(remoteName))] };
  };
  const named = (name: string) => all.find((tool) => tool.name === name);
  return {
    ...host,
    offerIn: async (trx, user, category) => withAvailable(await host.offerIn(trx, user, category)),
    offer: async (user, category) => withAvailable(await host.offer(user, category)),
    find: async (user, name) => named(name) ?? host.find(user, name),
    load: async (trx, user, name) => {
      const tool = named(name);
      return tool ? { tool, connection: undefined } : host.load(trx, user, name);
    },
    resource: (provider, ...rest) => (provider === DELEGATE ? undefined : host.resource(provider, ...rest)),
  };
}
