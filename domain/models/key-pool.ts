import type { Kysely } from 'kysely';
import { environmentAccountId, type Sealer } from '../../db/sealing.ts';
import {
  returnKey,
  leaseKey,
  type KeyOutcome,
  type KeySwitch,
  type PoolPolicy,
  type KeyLease,
} from '../../db/queries/key-pool.ts';
import type { Database } from '../../db/tables/index.ts';
import { KEY_POLICY, toFinalFailure, toKeyRefusal } from './key-waits.ts';
import { ModelCallError, type ModelAnswer, type ModelCall, type ModelPort, type PooledModel } from './model-port.ts';
import { retryWhileDatabaseUnavailable } from '../attempt.ts';

interface KeyPoolDeps {
  readonly db: Kysely<Database>;
  readonly model: ModelPort;
  /** Keys that all organizations share; their own are in the database. */
  readonly keys: readonly string[];
  /** Opens the organizations' own keys; without it they are left alone. */
  readonly sealer: Sealer | undefined;
  readonly mostInFlight: number;
  readonly leaseSeconds: number;
  readonly onSwitch: (switched: KeySwitch) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * A model behind several keys whose state all workers share. An organization's own keys come first, then the least busy
 * one. A key that is limited, overloaded or rejected hands on to the next at once, as long as the provider has certainly
 * not charged; when none is left, the failure says when to come back, and Temporal does.
 */
export function createKeyPool(deps: KeyPoolDeps): PooledModel {
  const environment = new Map(deps.keys.map((key) => [environmentAccountId(key), key]));
  const { mostInFlight, leaseSeconds } = deps;
  const policy: PoolPolicy = { ...KEY_POLICY, mostInFlight, leaseSeconds };
  return {
    async answer(call, signal) {
      let last: ModelCallError | undefined;
      let opensOwn = deps.sealer !== undefined;
      for (;;) {
        const leased = await lease(deps, call, { environment: [...environment.keys()], opensOwn, policy }, signal);
        if (leased.verdict !== 'leased') throw toKeyRefusal(leased, call, last);
        const key = environment.get(leased.account) ?? openKey(deps, call, leased);
        if (key === undefined) {
          opensOwn = false;
          await returnLease(deps, call, leased, policy, { outcome: 'nothing' });
          continue;
        }
        const end = await callWith(deps, call, key, signal);
        await returnLease(deps, call, leased, policy, end);
        if (end.outcome === 'answered') return end.answer;
        last = end.error;
        if (!last.free || (last.fault !== 'limited' && last.fault !== 'rejected'))
          throw toFinalFailure(leased, call, last);
      }
    },
  };
}

interface KeyChoice {
  readonly environment: readonly string[];
  readonly opensOwn: boolean;
  readonly policy: PoolPolicy;
}

/** Nothing has been sent yet, so whatever goes wrong here was free. */
function lease(deps: KeyPoolDeps, call: ModelCall, choice: KeyChoice, signal: AbortSignal): Promise<KeyLease> {
  const { organizationId, orchestrationId, usageId, execution, request } = call;
  const { environment, opensOwn, policy } = choice;
  const wanted = { orchestrationId, turnKey: request.turnKey, usageId, execution, environment, opensOwn };
  return retryWhileDatabaseUnavailable(() => leaseKey(deps.db, organizationId, wanted, policy), signal).catch(
    (error: unknown) => {
      throw new ModelCallError(error, true);
    },
  );
}

function openKey({ sealer, onError }: KeyPoolDeps, call: ModelCall, leased: KeyLease): string | undefined {
  try {
    return sealer?.open(leased.sealed ?? '', { organizationId: call.organizationId, rowId: leased.account });
  } catch (error) {
    onError(error);
    return undefined;
  }
}

type CallOutcome =
  | { readonly outcome: 'answered'; readonly answer: ModelAnswer }
  | { readonly outcome: Exclude<KeyOutcome, 'answered'>; readonly error: ModelCallError };

async function callWith(deps: KeyPoolDeps, call: ModelCall, key: string, signal: AbortSignal): Promise<CallOutcome> {
  try {
    return { outcome: 'answered', answer: await deps.model.answer(call.request, key, signal) };
  } catch (error) {
    const failed = error instanceof ModelCallError ? error : new ModelCallError(error, false);
    return { outcome: failed.fault, error: failed };
  }
}

/** What came of a call is worth more than the pool's knowledge of it: a lease that is not given back runs out. */
async function returnLease(
  deps: KeyPoolDeps,
  { organizationId }: ModelCall,
  { lease }: KeyLease,
  policy: PoolPolicy,
  end: { readonly outcome: KeyOutcome; readonly error?: ModelCallError },
): Promise<void> {
  const { outcome, error } = end;
  try {
    const switched = await returnKey(
      deps.db,
      organizationId,
      { lease, outcome, waitSeconds: error?.waitSeconds },
      policy,
    );
    if (switched) deps.onSwitch(switched);
  } catch (problem) {
    deps.onError(problem);
  }
}
