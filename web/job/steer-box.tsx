import { useMutation } from '@tanstack/react-query';
import { useId, useState, type FormEvent, type KeyboardEvent } from 'react';
import type { JobStatus } from '../../contracts/orchestration.ts';
import type { SteeringMode } from '../../contracts/steering.ts';
import { useApi } from '../api/api-context.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { SteeringList, type Said } from './steering-list.tsx';

type Mode = Exclude<SteeringMode, 'stop'>;
const MODES: readonly Mode[] = ['steer', 'replan'];

interface SteerBoxProps {
  readonly status: JobStatus;
  /** The job still works, so it can be told something. */
  readonly working: boolean;
}

/** What people say to work that runs, and the box to say more. */
export function SteerBox({ status, working }: SteerBoxProps) {
  const [said, setSaid] = useState<readonly Said[]>([]);
  return (
    <>
      <SteeringList steering={status.steering} said={said} />
      {working && (
        <SteerForm jobId={status.jobId} planned={status.plan !== undefined} onSaid={(one) => setSaid([...said, one])} />
      )}
    </>
  );
}

interface SteerFormProps {
  readonly jobId: string;
  readonly planned: boolean;
  readonly onSaid: (said: Said) => void;
}

function SteerForm({ jobId, planned, onSaid }: SteerFormProps) {
  const api = useApi();
  const { text } = useText();
  const [message, setMessage] = useState('');
  const [mode, setMode] = useState<Mode>('steer');
  const field = useId();
  const steer = useMutation({
    mutationFn: (said: { message: string; mode: Mode }) => api.steer(jobId, said),
    onSuccess: ({ steeringId: id }, said) => {
      setMessage('');
      onSaid({ id, ...said });
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
      {steer.error && <ProblemNote error={steer.error} />}
    </form>
  );
}

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
