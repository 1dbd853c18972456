import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { ConnectionTest, ConnectionView } from '../../contracts/connections.ts';
import { useApi, QUERY } from '../api/queries.ts';
import type { Me } from '../api/shapes.ts';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { formatDuration } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { useChange, useTest } from './connection-queries.ts';
import { Field } from './field.tsx';
import { ReconnectButton } from './connection-state.tsx';

interface ConnectionActionsProps {
  readonly connection: ConnectionView;
  readonly user: Me['user'];
  readonly onGone: () => void;
}

/** What a person can do about a connection: try it, renew its access, switch it, delete it. */
export function ConnectionActions({ connection, user, onGone }: ConnectionActionsProps) {
  const { text } = useText();
  const { id, enabled, auth, health } = connection;
  const test = useTest(id);
  const change = useChange(id);
  const own = connection.userId === null ? user.role === 'admin' : connection.userId === user.id;
  const usable = connection.userId === null || connection.userId === user.id;
  const mayChange = own || user.role === 'admin';
  return (
    <>
      <div className="approval-answers">
        {own && auth.kind === 'oauth' && <ReconnectButton id={id} primary={health !== 'healthy'} fresh={!auth.set} />}
        {usable && (
          <button type="button" className="button" disabled={test.isPending} onClick={() => test.mutate()}>
            {test.isPending ? text.connections.testing : text.connections.test}
          </button>
        )}
        {mayChange && (
          <button
            type="button"
            className="button"
            disabled={change.isPending}
            onClick={() => change.mutate({ enabled: !enabled })}
          >
            {enabled ? text.connections.switchOff : text.connections.switchOn}
          </button>
        )}
        {mayChange && <RemoveButton id={id} onGone={onGone} />}
      </div>
      {own && auth.kind === 'api_key' && <KeyForm connection={connection} />}
      {test.data && <TestResult test={test.data} />}
      {test.error && <ProblemNote error={test.error} />}
      {change.error && <ProblemNote error={change.error} />}
    </>
  );
}

function TestResult({ test: { ok, checks, latencyMs } }: { readonly test: ConnectionTest }) {
  const { text, language } = useText();
  return (
    <div className={ok ? 'note' : 'note note-warning'} role="status">
      <p className="strong">
        {ok
          ? text.connections.testOk(
              latencyMs < 1_000 ? `${Math.round(latencyMs)} ms` : formatDuration(latencyMs, language),
            )
          : text.connections.testBad}
      </p>
      <ul className="checks">
        {checks.map(({ check, ok: fine, detail }) => (
          <li key={`${check} ${detail}`}>
            <span className={`tone tone-${fine ? 'good' : 'bad'}`}>
              <Icon name={fine ? 'check' : 'cross'} />
            </span>
            <span>
              <span className="strong">{text.connections.checks[check]}</span>: {detail}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Asks once more where it was pressed, because nothing brings the credentials back. */
function RemoveButton({ id, onGone }: { readonly id: string; readonly onGone: () => void }) {
  const api = useApi();
  const cache = useQueryClient();
  const { text } = useText();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.removeConnection(id),
    onSuccess: () => {
      onGone();
      cache.removeQueries({ queryKey: QUERY.connection(id) });
      return cache.invalidateQueries({ queryKey: QUERY.connections });
    },
  });
  if (!asking)
    return (
      <button type="button" className="text-button danger" onClick={() => setAsking(true)}>
        {text.connections.remove}
      </button>
    );
  return (
    <>
      <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
        {text.connections.reallyRemove}
      </button>
      <button type="button" className="text-button" autoFocus onClick={() => setAsking(false)}>
        {text.connections.keep}
      </button>
      {remove.error && <ProblemNote error={remove.error} />}
    </>
  );
}

/** New credentials replace the old whole, so what goes with a key is asked again. */
function KeyForm({ connection: { id, kind, provider, health } }: { readonly connection: ConnectionView }) {
  const { text } = useText();
  const [apiKey, setApiKey] = useState('');
  const [beside, setBeside] = useState('');
  const wantsEmail = kind === 'first_party' && provider === 'jira';
  const change = useChange(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = apiKey.trim();
    const more = beside.trim() === '' ? {} : { [wantsEmail ? 'email' : 'header']: beside.trim() };
    if (given !== '')
      change.mutate({ auth: { kind: 'api_key', apiKey: given, ...more } }, { onSuccess: () => setApiKey('') });
  };
  return (
    <details className="options" open={health === 'reconnect' || undefined}>
      <summary className="text-button">
        <Icon name="chevron" />
        {text.connections.replaceKey}
      </summary>
      <form className="options-body" onSubmit={submit}>
        <Field type="password" label={text.connections.newKey} value={apiKey} required onChange={setApiKey} />
        {wantsEmail && <Field type="email" label={text.connect.email} value={beside} required onChange={setBeside} />}
        {kind === 'remote' && (
          <Field label={text.connect.header} hint={text.connect.headerHint} value={beside} onChange={setBeside} />
        )}
        <button type="submit" className="button" disabled={apiKey.trim() === '' || change.isPending}>
          {change.isPending ? text.connections.saving : text.connections.save}
        </button>
        {change.error && <ProblemNote error={change.error} />}
      </form>
    </details>
  );
}
