import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { EffectView } from '../../contracts/effects.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';

interface ChangesProps {
  readonly jobId: string;
  readonly effects: JobStatus['effects'];
  /** The work is over: now it can be undone. */
  readonly over: boolean;
}

/** While changes are undone nobody tells the page, so it looks. */
const LOOK_EVERY_MS = 1_500;

/** What a job has changed outside, from the ledger, and the way to take it back. */
export function Changes({ jobId, effects, over }: ChangesProps) {
  const api = useApi();
  const { text } = useText();
  const [undoing, setUndoing] = useState(false);
  const changed = effects.done + effects.unknown > 0;
  const { data, error } = useQuery({
    // What is counted tells when there is more to read.
    queryKey: [...QUERY.effects(jobId), effects.done, effects.unknown],
    queryFn: ({ signal }) => api.effects(jobId, signal),
    enabled: changed,
    refetchInterval: ({ state }) =>
      state.data?.effects.some(({ undo }) => undo === 'PENDING' || (undoing && undo === 'available'))
        ? LOOK_EVERY_MS
        : false,
  });
  if (!changed) return null;
  const undoable = data?.effects.filter(({ undo }) => undo === 'available' || undo === 'FAILED').length ?? 0;
  return (
    <section className="effects" aria-label={text.effects.title}>
      <h3>
        {text.effects.title} <span className="quiet small">{text.effects.counts(effects.done, effects.unknown)}</span>
      </h3>
      {error && <ProblemNote error={error} />}
      <ul className="plan-steps">
        {data?.effects.map((effect) => (
          <Effect key={effect.key} effect={effect} jobId={jobId} over={over} />
        ))}
      </ul>
      {over && undoable > 0 && <UndoButton jobId={jobId} count={undoable} onUndoing={() => setUndoing(true)} />}
    </section>
  );
}

const TONES = { PENDING: 'busy', DONE: 'good', UNKNOWN: 'attention', FAILED: 'calm' } as const;
const ICONS = { PENDING: 'spinner', DONE: 'check', UNKNOWN: 'warning', FAILED: 'stop' } as const;

interface EffectProps {
  readonly effect: EffectView;
  readonly jobId: string;
  readonly over: boolean;
}

function Effect({ effect, jobId, over }: EffectProps) {
  const { text } = useText();
  const { state, settledBy, undo, resource, tool, detail, undoQuestion } = effect;
  const facts = [
    text.effects.states[state],
    // That the provider has answered is how it should be.
    settledBy && settledBy !== 'response' && text.effects.settledBy[settledBy],
    state === 'DONE' && text.effects.undos[undo],
  ];
  return (
    <li className="plan-step effect" data-state={state} data-undo={undo}>
      <span className={`tone tone-${TONES[state]}`}>
        <Icon name={ICONS[state]} spinning={state === 'PENDING'} />
      </span>
      <span className="step-line">
        <code className="step-title">{tool}</code>
        {resource && <ResourceLink resource={resource} />}
        <span className="step-facts">{facts.filter(Boolean).join(', ')}</span>
        {detail !== null && <span className="effect-detail quiet small">{detail}</span>}
        {undoQuestion && over && <UndoQuestion jobId={jobId} question={undoQuestion} />}
      </span>
    </li>
  );
}

/** Ids longer than this are for machines. */
const SHORT_ID = 14;

function ResourceLink({ resource: { id, url } }: { readonly resource: NonNullable<EffectView['resource']> }) {
  const { text } = useText();
  // The provider has named it, and some addresses are programs.
  if (url === undefined || !/^https?:\/\//i.test(url)) return <code className="small">{id}</code>;
  return (
    <a className="outward small" href={url} title={id} target="_blank" rel="noopener noreferrer">
      {text.effects.open} {id.length > SHORT_ID ? `${id.slice(0, SHORT_ID - 1)}…` : id}
    </a>
  );
}

interface UndoQuestionProps {
  readonly jobId: string;
  readonly question: NonNullable<EffectView['undoQuestion']>;
}

/** What others have done since, and the way to take it back all the same: exactly what is shown is what is accepted. */
function UndoQuestion({ jobId, question }: UndoQuestionProps) {
  const api = useApi();
  const client = useQueryClient();
  const { text } = useText();
  const undo = useMutation({
    mutationFn: () => api.undo(jobId, [question.hash]),
    onSettled: () => client.invalidateQueries({ queryKey: QUERY.effects(jobId) }),
  });
  return (
    <div className="undo-question" role="group" aria-label={text.effects.wouldLose}>
      <p className="small">{text.effects.wouldLose}</p>
      <ul className="small">
        {question.losses.map((loss) => (
          <li key={text.effects.loss(loss)}>{text.effects.loss(loss)}</li>
        ))}
      </ul>
      <button type="button" className="button" disabled={undo.isPending} onClick={() => undo.mutate()}>
        {text.effects.undoAnyway}
      </button>
      {undo.error && <ProblemNote error={undo.error} />}
    </div>
  );
}

interface UndoButtonProps {
  readonly jobId: string;
  readonly count: number;
  readonly onUndoing: () => void;
}

/** Asks once more where it was pressed: what is undone is gone there too. */
function UndoButton({ jobId, count, onUndoing }: UndoButtonProps) {
  const api = useApi();
  const { text } = useText();
  const [asking, setAsking] = useState(false);
  const undo = useMutation({ mutationFn: () => api.undo(jobId), onSuccess: onUndoing });
  if (undo.isSuccess) return <p role="status">{text.effects.undoing}</p>;
  return (
    <div className="approval-answers">
      {!asking && (
        <button type="button" className="button" onClick={() => setAsking(true)}>
          {text.effects.undo(count)}
        </button>
      )}
      {asking && (
        <>
          <button type="button" className="button primary" disabled={undo.isPending} onClick={() => undo.mutate()}>
            {text.effects.reallyUndo(count)}
          </button>
          <button type="button" className="text-button" autoFocus onClick={() => setAsking(false)}>
            {text.effects.keep}
          </button>
        </>
      )}
      {undo.error && <ProblemNote error={undo.error} />}
    </div>
  );
}
