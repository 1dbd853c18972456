import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, useId, useState } from 'react';
import { parseSteering, reservedWord } from '../../contracts/answer-words.ts';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { SteeringMode, SteeringView } from '../../contracts/steering.ts';
import { useApi } from '../api/queries.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import type { Tone } from './status.tsx';

type Mode = Exclude<SteeringMode, 'stop'>;
const MODES: readonly Mode[] = ['steer', 'replan'];

interface SteerBoxProps {
  readonly status: JobStatus;
  /** The job still works, so it can be told something. */
  readonly working: boolean;
}

/** What people say to work that runs, and the box to say more. */
export function SteerBox({ status, working }: SteerBoxProps) {
  const [sent, setSent] = useState<readonly SentMessage[]>([]);
  return (
    <>
      <SteeringList steering={status.steering} sent={sent} />
      {working && (
        <SteerForm jobId={status.jobId} planned={status.plan !== undefined} onSent={(one) => setSent([...sent, one])} />
      )}
    </>
  );
}

interface SteerFormProps {
  readonly jobId: string;
  readonly planned: boolean;
  readonly onSent: (sent: SentMessage) => void;
}

function SteerForm({ jobId, planned, onSent }: SteerFormProps) {
  const api = useApi();
  const { text } = useText();
  const [message, setMessage] = useState('');
  const [mode, setMode] = useState<Mode>('steer');
  const field = useId();
  const steer = useMutation({
    mutationFn: (sent: { message: string; mode: Mode }) => api.steer(jobId, sent),
    onSuccess: ({ steeringId: id }, sent) => {
      setMessage('');
      onSent({ id, ...sent });
    },
  });
  const ready = message.trim() !== '' && !steer.isPending;
  const send = () => ready && steer.mutate({ message: message.trim(), mode });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const shortcut = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="steer" onSubmit={submit} aria-busy={steer.isPending}>
      <label className="unseen" htmlFor={field}>
        {text.steer.label}
      </label>
      <textarea
        id={field}
        className="input"
        rows={1}
        value={message}
        placeholder={text.steer.placeholder}
        onChange={(event) => setMessage(event.target.value)}
        onKeyDown={shortcut}
      />
      {planned && <ModeSelect mode={mode} onChange={setMode} />}
      <button type="submit" className="button" disabled={!ready}>
        {steer.isPending ? text.steer.sending : text.steer.send}
      </button>
      {steer.error && (
        <ProblemNote error={steer.error} reserved={text.steer.reserved[reservedIn(steer.variables.message)]} />
      )}
    </form>
  );
}

/** Which word of ours a refused message is. */
const reservedIn = (message: string) =>
  parseSteering(message) ? (reservedWord(message, false) ?? 'nothing') : 'replan';

function ModeSelect({ mode, onChange }: { readonly mode: Mode; readonly onChange: (mode: Mode) => void }) {
  const { text } = useText();
  return (
    <select
      className="input"
      aria-label={text.steer.mode}
      value={mode}
      onChange={(event) => onChange(MODES.find((known) => known === event.target.value) ?? 'steer')}
    >
      {MODES.map((known) => (
        <option key={known} value={known}>
          {text.steer.modes[known]}
        </option>
      ))}
    </select>
  );
}

/** Something sent from here that the server has accepted; its list may not have arrived yet. */
type SentMessage = Pick<SteeringView, 'id' | 'message' | 'mode'>;

const LOOKS: Record<SteeringView['status'], { readonly icon: IconName; readonly tone: Tone }> = {
  pending: { icon: 'clock', tone: 'busy' },
  delivered: { icon: 'check', tone: 'good' },
  dropped: { icon: 'warning', tone: 'warning' },
};

const lookOf = (status: SteeringView['status']) => LOOKS[status] ?? LOOKS.pending;

interface SteeringListProps {
  readonly steering: readonly SteeringView[];
  readonly sent: readonly SentMessage[];
}

/** Every message to the work and whether it has arrived there. */
function SteeringList({ steering, sent }: SteeringListProps) {
  const { text } = useText();
  const lines = [...steering, ...notYetListed(steering, sent)];
  if (lines.length === 0) return null;
  return (
    <section className="steering" aria-label={text.steer.title}>
      <ul>
        {lines.map(({ id, message, mode, status }) => (
          <li key={id} data-status={status}>
            <span className={`tone tone-${lookOf(status).tone}`}>
              <Icon name={lookOf(status).icon} />
            </span>
            <span className="plain">
              {mode === 'stop' && <span className="strong">{text.steer.stopLabel} </span>}
              {mode === 'replan' && <span className="strong">{text.steer.modes.replan}: </span>}
              {message}
            </span>
            <span className="quiet small">{text.steer.statuses[status] ?? status}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What was sent from here and is not in the server's list yet. */
const notYetListed = (steering: readonly SteeringView[], sent: readonly SentMessage[]) =>
  sent
    .filter(({ id }) => !steering.some((listed) => listed.id === id))
    .map((one) => ({ ...one, status: 'pending' as const }));

/** The two ways to end work early: let what runs finish and keep it, or drop everything now. */
export function StopButtons({ jobId }: { readonly jobId: string }) {
  const api = useApi();
  const { text } = useText();
  const stop = useMutation({ mutationFn: () => api.steer(jobId, { message: '', mode: 'stop' }) });
  const cancel = useMutation({ mutationFn: () => api.cancel(jobId, {}) });
  const stopping = stop.isPending || stop.isSuccess;
  const cancelling = cancel.isPending || cancel.isSuccess;
  const error = cancel.error ?? stop.error;
  return (
    <>
      <button type="button" className="button" disabled={stopping || cancelling} onClick={() => stop.mutate()}>
        {stopping ? text.steer.stopping : text.steer.stop}
      </button>
      <button type="button" className="button" disabled={cancelling} onClick={() => cancel.mutate()}>
        {cancelling ? text.job.cancelling : text.job.cancel}
      </button>
      {error && <ProblemNote error={error} />}
    </>
  );
}
