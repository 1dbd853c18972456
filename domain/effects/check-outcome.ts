import { CancelledError } from '../../contracts/failures.ts';
import type { SettledBy } from '../../contracts/effects.ts';
import type { ToolResult } from '../../contracts/tools.ts';
import { withOrganization } from '../../db/organization.ts';
import { listOtherResourceIds, msUntilNobodySends } from '../../db/queries/effects.ts';
import { ToolCallError } from '../tools/tool-ports.ts';
import { later } from '../tools/settle-call.ts';
import type { ClaimedInvocation, ToolDeps } from '../tools/tool-host.ts';

/** What is known of a change whose answer was lost. */
type OutcomeCheck =
  | { readonly kind: 'happened'; readonly result: ToolResult; readonly by: SettledBy }
  /** It may be sent again: it did not happen, or it may have (`maybeDone`) and twice is once. */
  | { readonly kind: 'send'; readonly maybeDone: boolean }
  /** It is too early to tell. */
  | { readonly kind: 'later'; readonly failure: Error }
  | { readonly kind: 'unknown'; readonly detail: string; readonly failure?: Error };

/** Longest look for a change that was cancelled midway, ms: somebody waits for the stop. */
const LAST_LOOK_MS = 5_000;
/** Tries to find out; after that a human is asked. */
const TRIES = 6;
const AGAIN_MS = 2_000;

/**
 * Finds out what became of a change. Where the provider takes our key it is sent again. What says on trusted word that
 * twice is once is read back where that is possible, because somebody may have changed it further since, and is sent
 * again where it is not there. All else is read back, and that it is not there counts only once nobody can still be
 * doing it.
 */
export async function checkOutcome(
  deps: ToolDeps,
  claimed: ClaimedInvocation,
  lost?: ToolCallError,
): Promise<OutcomeCheck> {
  const cancelled = lost?.kind === 'cancelled' || claimed.options.signal.aborted;
  const stop = cancelled ? new CancelledError('The work was cancelled.') : undefined;
  const attempt = claimed.attempt.number;
  const { tool } = claimed;
  const twiceIsOnce = !cancelled && attempt < TRIES && (tool.takesEffectKey || tool.idempotent);
  const sendAgain = (): OutcomeCheck =>
    lost ? { kind: 'later', failure: later(lost.message, AGAIN_MS) } : { kind: 'send', maybeDone: true };
  if (twiceIsOnce && (tool.takesEffectKey || !tool.canReadBack)) return sendAgain();
  const unknown = (detail: string): OutcomeCheck => ({ kind: 'unknown', detail, ...(stop && { failure: stop }) });
  if (!tool.canReadBack) return unknown(detailOf(claimed, lost));
  const signal = cancelled ? AbortSignal.timeout(LAST_LOOK_MS) : claimed.options.signal;
  try {
    const { verdict, waitMs } = await readBack(deps, claimed, signal);
    if (typeof verdict === 'object') return { kind: 'happened', result: verdict.happened, by: 'read_back' };
    if (twiceIsOnce) return sendAgain();
    if (verdict === 'unclear' || cancelled) return unknown(detailOf(claimed, lost));
    return waitMs > 0
      ? { kind: 'later', failure: later('It may still happen.', waitMs + 1) }
      : { kind: 'send', maybeDone: false };
  } catch (error) {
    if (!(error instanceof ToolCallError)) throw error;
    if (cancelled || attempt >= TRIES || error.kind === 'refused')
      return unknown(`${detailOf(claimed, lost)} ${error.message}`);
    return { kind: 'later', failure: later(error.message, error.retryAfterMs ?? AGAIN_MS) };
  }
}

const detailOf = ({ tool }: ClaimedInvocation, lost?: ToolCallError): string =>
  lost ? lost.message : `The call was sent to ${tool.connection}, and whoever sent it ended before the answer came.`;

/** `waitMs` is looked at before: what nobody could still be sending by then, and is not there after, did not happen. */
async function readBack(deps: ToolDeps, claimed: ClaimedInvocation, signal: AbortSignal) {
  const { target, tool, row, key, effect, options } = claimed;
  const { organizationId } = target;
  const { connectionId } = tool;
  const { taken, waitMs } = await withOrganization(deps.db, organizationId, async (trx) => ({
    taken: await listOtherResourceIds(trx, { connectionId, exceptKey: key }),
    waitMs: await msUntilNobodySends(trx, key),
  }));
  const verdict = await deps.host.readBack(
    claimed,
    {
      args: row.arguments,
      effectKey: key,
      sentAt: effect.sent_at ?? effect.claimed_at,
      before: effect.before ?? undefined,
      taken,
    },
    { ...options, signal },
  );
  return { verdict, waitMs };
}
