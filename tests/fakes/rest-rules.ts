import type { ProviderAnswer, ProviderCall, ProviderRules } from '../../dev/fakes/provider/types.ts';

/** A request of a route: `params` are the groups of its path. */
export interface RestAsked extends ProviderCall {
  readonly params: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

/** One address; its name is what faults and journal lines go by. */
export interface RestRoute {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly run: (asked: RestAsked) => ProviderAnswer;
}

export interface RestDefinition extends Pick<ProviderRules, 'failure' | 'limit'> {
  readonly routes: readonly RestRoute[];
  /** The refusal of a request that is not let in; undefined lets it in. */
  readonly refuse: (call: ProviderCall) => ProviderAnswer | undefined;
  readonly notFound: ProviderAnswer;
}

/** The rules of a provider whose API is a list of addresses. */
export function restRules({ routes, refuse, notFound, failure, limit }: RestDefinition): ProviderRules {
  const find = ({ method, path }: Pick<ProviderCall, 'method' | 'path'>) =>
    routes.find((route) => route.method === method && route.path.test(path));
  return {
    failure,
    limit,
    operationOf: (call) => find(call)?.name ?? `${call.method} ${call.path}`,
    handle(call) {
      const route = find(call);
      const params = (route?.path.exec(call.path) ?? []).slice(1).map((part) => decodeURIComponent(part));
      return refuse(call) ?? route?.run({ ...call, params, body: call.body ?? {} }) ?? notFound;
    },
  };
}
