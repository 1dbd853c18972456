import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { reservedWord } from '../../contracts/answer-words.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { Accepted } from '../../contracts/orchestration.ts';
import { useApi, QUERY } from '../api/queries.ts';
import { UnreachableError } from '../api/problem.ts';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { AskOptions } from './ask-options.tsx';
import { createKeyring, type Draft, emptyDraft, toRequest } from './ask-request.ts';

interface AskBoxProps {
  /** Text to start from. */
  readonly draft?: string;
  /** The conversation this continues. */
  readonly sessionId?: string;
  readonly onAccepted: (job: Accepted) => void;
}

export function AskBox({ draft: start = '', sessionId, onAccepted }: AskBoxProps) {
  const { text } = useText();
  const [draft, setDraft] = useState(() => emptyDraft(start));
  const ask = useAsk(sessionId, (job) => {
    setDraft(emptyDraft());
    onAccepted(job);
  });
  const field = useId();
  const tooLong = draft.message.trim().length > LIMITS.messageChars;
  const ready = draft.message.trim() !== '' && !tooLong && !ask.isPending;
  const send = () => {
    if (ready) ask.mutate(draft);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const shortcut = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey) && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
  };
  return (
    <form className="ask" onSubmit={submit} aria-busy={ask.isPending}>
      <label className="unseen" htmlFor={field}>
        {sessionId === undefined ? text.ask.label : text.ask.followUpLabel}
      </label>
      <GrowingField
        id={field}
        value={draft.message}
        focused={sessionId === undefined || start !== ''}
        placeholder={sessionId === undefined ? text.ask.placeholder : text.ask.followUpPlaceholder}
        onKeyDown={shortcut}
        onChange={(message) => setDraft({ ...draft, message })}
      />
      <div className="ask-foot">
        <AskOptions draft={draft} onChange={setDraft} />
        <SendButton sending={ask.isPending} again={ask.isError} ready={ready} />
      </div>
      {tooLong && <p className="note note-bad">{text.ask.tooLong(LIMITS.messageChars)}</p>}
      {ask.error && <Refused error={ask.error} message={ask.variables.message} isFollowUp={sessionId !== undefined} />}
    </form>
  );
}

interface RefusedProps {
  readonly error: Error;
  readonly message: string;
  readonly isFollowUp: boolean;
}

/** Why nothing was started; a word that is meant for a job is answered with where to say it on this page. */
function Refused({ error, message, isFollowUp }: RefusedProps) {
  const { text } = useText();
  const word = reservedWord(message, isFollowUp);
  return <ProblemNote error={error} unreachable={text.ask.unreachable} reserved={word && text.ask.reserved[word]} />;
}

interface SendButtonProps {
  readonly sending: boolean;
  readonly again: boolean;
  readonly ready: boolean;
}

function SendButton({ sending, again, ready }: SendButtonProps) {
  const { text } = useText();
  return (
    <p className="ask-send">
      <span className="shortcut" aria-hidden="true">
        <kbd>{isApple() ? '⌘' : 'Ctrl'}</kbd> <kbd>↵</kbd> {text.ask.shortcut}
      </span>
      <button type="submit" className="button primary" disabled={!ready}>
        <Icon name={sending ? 'spinner' : 'arrow'} spinning={sending} />
        {sending ? text.ask.sending : again ? text.ask.retry : text.ask.button}
      </button>
    </p>
  );
}

function useAsk(sessionId: string | undefined, onAccepted: (job: Accepted) => void) {
  const api = useApi();
  const cache = useQueryClient();
  const [keyring] = useState(() => createKeyring());
  return useMutation({
    mutationFn: (draft: Draft) => api.orchestrate(keyring.keyed(toRequest(draft, sessionId))),
    // An unanswered request may have arrived; its key makes asking again safe.
    retry: (failures, error) => failures < 1 && error instanceof UnreachableError,
    onSuccess: async (job) => {
      keyring.accepted();
      onAccepted(job);
      await cache.invalidateQueries({ queryKey: QUERY.jobs });
    },
  });
}

interface GrowingFieldProps {
  readonly id: string;
  readonly value: string;
  readonly placeholder: string;
  readonly focused: boolean;
  readonly onChange: (value: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function GrowingField({ id, value, placeholder, focused, onChange, onKeyDown }: GrowingFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!focused) return;
    field.current?.focus({ preventScroll: true });
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  }, [focused]);
  return (
    <textarea
      ref={field}
      id={id}
      className="ask-field"
      rows={focused ? 3 : 1}
      value={value}
      placeholder={placeholder}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}

const isApple = () => /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The empty page: an invitation, the ask box given as children, and three things to try. */
export function Start({ children }: { readonly children: (draft: string) => ReactNode }) {
  const { text } = useText();
  const [draft, setDraft] = useState('');
  return (
    <div className="start">
      <h1>{text.ask.title}</h1>
      <p className="quiet lead">{text.ask.hint}</p>
      {children(draft)}
      <ul className="examples">
        {text.ask.examples.map((example) => (
          <li key={example}>
            <button type="button" className="example" onClick={() => setDraft(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
