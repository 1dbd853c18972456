import { textsFor } from '../../contracts/texts.ts';
import type { Language } from '../../contracts/agents.ts';
import { storableText } from '../../contracts/json.ts';
import { withOrganization } from '../../db/organization.ts';
import { lockOrchestration, tellChange, updateOrchestration } from '../../db/queries/orchestrations.ts';
import { setToolCall } from '../../db/queries/tool-calls.ts';
import type { CallOptions } from './tool-ports.ts';
import type { CallTarget, ToolDeps } from './tool-host.ts';

/** A server may report as often as it likes; people see one state in so long, and Slack has room for fewer. */
const SHOWN_EVERY_MS = 1_000;
const PROGRESS_CHARS = 200;

interface ProgressFollower {
  readonly tell: NonNullable<CallOptions['onProgress']>;
  /** Shows nothing more, and resolves once nothing is on its way that could paint over a later state. */
  flush(): Promise<void>;
}

/** Feeds a tool's progress into the live message: always the newest state in the end, and at most one a second. */
export function followProgress(
  deps: ToolDeps,
  target: CallTarget,
  { tool, language }: { tool: string; language: Language },
): ProgressFollower {
  let newest: string | undefined;
  let shownAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let showing: Promise<void> | undefined;

  function showNext(): void {
    if (newest === undefined || timer || showing) return;
    timer = setTimeout(write, Math.max(0, shownAt + SHOWN_EVERY_MS - Date.now()));
  }
  function write(): void {
    const said = newest ?? '';
    const step = [textsFor(language).tools.callingTool(tool), said].filter(Boolean).join(' — ');
    newest = timer = undefined;
    shownAt = Date.now();
    // Progress is a courtesy: it fails no call.
    showing = show(deps, target, said, step)
      .catch(() => undefined)
      .finally(() => {
        showing = undefined;
        showNext();
      });
  }
  return {
    tell({ message, share }) {
      const percent = share === undefined ? '' : `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;
      newest = [storableText(message ?? '').slice(0, PROGRESS_CHARS), percent].filter(Boolean).join(' · ');
      showNext();
    },
    async flush() {
      clearTimeout(timer);
      await showing;
      // What has come meanwhile is older than the answer.
      clearTimeout(timer);
    },
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
