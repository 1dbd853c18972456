import { textsFor } from '../../contracts/texts.ts';
import type { Language } from '../../contracts/agents.ts';
import { storableText } from '../../contracts/storable-text.ts';
import { withOrganization } from '../../db/organization.ts';
import { lockOrchestration, tellChange, updateOrchestration } from '../../db/queries/orchestrations.ts';
import { setToolCall } from '../../db/queries/tool-calls.ts';
import type { CallOptions } from '../../mcp/port.ts';
import type { CallTarget, ToolDeps } from './tool-deps.ts';

/** A server may report as often as it likes; people see one state in so long, and Slack has room for fewer. */
const SHOWN_EVERY_MS = 1_000;
const PROGRESS_CHARS = 200;

/** Feeds a tool's progress into the live message: the newest state, at most once a second, and never in the way. */
export function followProgress(
  deps: ToolDeps,
  target: CallTarget,
  { tool, language }: { tool: string; language: Language },
): NonNullable<CallOptions['onProgress']> {
  let last = 0;
  let busy = false;
  return ({ message, share }) => {
    const now = Date.now();
    if (busy || now - last < SHOWN_EVERY_MS) return;
    busy = true;
    last = now;
    const percent = share === undefined ? '' : `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;
    const said = [storableText(message ?? '').slice(0, PROGRESS_CHARS), percent].filter(Boolean).join(' · ');
    const step = [textsFor(language).tools.callingTool(tool), said].filter(Boolean).join(' — ');
    void show(deps, target, said, step)
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  };
}

async function show(deps: ToolDeps, target: CallTarget, progress: string, step: string): Promise<void> {
  const { organizationId, orchestrationId, call } = target;
  await withOrganization(deps.db, organizationId, async (trx) => {
    const { status } = await lockOrchestration(trx, orchestrationId);
    const running = await setToolCall(trx, { orchestrationId, id: call }, { progress });
    // While a human is asked, the question stays what people read first.
    if (!running || status === 'awaiting_approval') return;
    const changed = await updateOrchestration(trx, { id: orchestrationId, set: { step } });
    if (changed) await tellChange(trx, changed, 'orchestration_progress');
  });
  deps.wakeReaders(organizationId);
  await deps.showProgress({ organizationId, orchestrationId });
}
