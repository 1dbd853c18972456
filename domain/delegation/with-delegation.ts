import { riskOf } from '../tools/mcp-connection.ts';
import type { OfferedTool, ToolHost } from '../tools/tool-host.ts';
import { DELEGATE } from '../../contracts/delegation.ts';
import type { Delegation } from './delegation-port.ts';

/** Coding agents have no row of their own; this stands for one. */
export const DELEGATE_CONNECTION = '00000000-0000-4000-8000-00000000de1e';

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
  const add = async (offer: Awaited<ReturnType<ToolHost['offer']>>) => {
    const there = new Set<string>(await delegation.available());
    return { ...offer, tools: [...offer.tools, ...all.filter(({ remoteName }) => there.has(remoteName))] };
  };
  return {
    ...host,
    offerIn: async (trx, whom, category) => add(await host.offerIn(trx, whom, category)),
    offer: async (whom, category) => add(await host.offer(whom, category)),
    find: async (whom, name, options) => all.find((tool) => tool.name === name) ?? host.find(whom, name, options),
    before: (on, ...rest) => (on.connectionId === DELEGATE_CONNECTION ? nothing() : host.before(on, ...rest)),
    resource: (provider, ...rest) => (provider === DELEGATE ? undefined : host.resource(provider, ...rest)),
  };
}

const nothing = () => Promise.resolve(undefined);
