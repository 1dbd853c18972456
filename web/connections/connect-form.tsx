import { useState, type FormEvent } from 'react';
import type { ConnectionView } from '../../contracts/connections.ts';
import { Choice } from '../ask/ask-options.tsx';
import { Icon } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import {
  AUTHS,
  EMPTY_DRAFT,
  isComplete,
  isNamed,
  isRemote,
  OTHER,
  PROVIDERS,
  SETTING_EXAMPLES,
  toBody,
  usualAuth,
  type ConnectionDraft,
  type DraftAuth,
} from './connection-draft.ts';
import { useConnect } from './connection-queries.ts';
import { Check, Field } from './field.tsx';

interface ConnectFormProps {
  /** Others may connect themselves only. */
  readonly admin: boolean;
  readonly onCancel: () => void;
  readonly onConnected: (connection: ConnectionView) => void;
}

/** Everything that is needed to connect a provider or an MCP server; what was typed stays until it is kept. */
export function ConnectForm({ admin, onCancel, onConnected }: ConnectFormProps) {
  const { text } = useText();
  const [draft, setDraft] = useState<ConnectionDraft>({ ...EMPTY_DRAFT, personal: !admin });
  const connect = useConnect();
  const set = (change: Partial<ConnectionDraft>) => setDraft({ ...draft, ...change });
  const ready = isComplete(draft) && !connect.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) connect.mutate(toBody(draft), { onSuccess: onConnected });
  };
  return (
    <form className="card connect-form" aria-label={text.connections.add} onSubmit={submit}>
      <ServerFields draft={draft} set={set} />
      <AuthFields draft={draft} set={set} />
      <MoreFields draft={draft} set={set} admin={admin} />
      <div className="approval-answers">
        <button type="submit" className="button primary" disabled={!ready}>
          {connect.isPending ? text.connect.sending : text.connect.button}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {text.approval.cancel}
        </button>
      </div>
      {connect.error && <ProblemNote error={connect.error} unreachable={text.connect.unreachable} />}
    </form>
  );
}

interface FieldsProps {
  readonly draft: ConnectionDraft;
  readonly set: (change: Partial<ConnectionDraft>) => void;
}

function ServerFields({ draft, set }: FieldsProps) {
  const { text } = useText();
  const remote = isRemote(draft);
  const named = isNamed(draft);
  const choose = (provider: string) => set({ provider, hosted: false, auth: usualAuth(provider) });
  const providers = [...Object.entries<string>(PROVIDERS), [OTHER, text.connect.other] as const];
  return (
    <>
      <Choice label={text.connect.provider} value={draft.provider} options={providers} onChange={choose} />
      {draft.provider === OTHER ? (
        <Field
          label={text.connect.otherName}
          hint={text.connect.otherNameHint}
          value={draft.otherName}
          required
          onChange={(otherName) => set({ otherName })}
        />
      ) : (
        <Check label={text.connect.hosted} checked={draft.hosted} onChange={(hosted) => set({ hosted })} />
      )}
      <Field label={text.connect.name} value={draft.name} onChange={(name) => set({ name })} />
      <Field
        label={text.connect.url}
        hint={remote ? text.connect.urlHintRemote : named ? text.connect.urlHintOwn : text.connect.urlHint}
        value={draft.url}
        required={remote || named}
        onChange={(url) => set({ url })}
      />
    </>
  );
}

function AuthFields({ draft, set }: FieldsProps) {
  const { text } = useText();
  const names = AUTHS.map((auth) => [auth, text.connections.auths[auth] ?? auth] as const);
  const choose = (value: string) => set({ auth: AUTHS.find((auth): auth is DraftAuth => auth === value) ?? 'none' });
  return (
    <>
      <Choice label={text.connect.auth} value={draft.auth} options={names} onChange={choose} />
      {draft.auth === 'api_key' && (
        <>
          <Field
            type="password"
            label={text.connect.apiKey}
            value={draft.apiKey}
            required
            onChange={(apiKey) => set({ apiKey })}
          />
          {draft.provider === 'jira' && !draft.hosted && (
            <Field type="email" label={text.connect.email} value={draft.email} onChange={(email) => set({ email })} />
          )}
          {isRemote(draft) && (
            <Field
              label={text.connect.header}
              hint={text.connect.headerHint}
              value={draft.header}
              onChange={(header) => set({ header })}
            />
          )}
        </>
      )}
      {(draft.auth === 'oauth' || draft.auth === 'client_credentials') && <ClientFields draft={draft} set={set} />}
    </>
  );
}

/** Who Nubabel is at the authorization server; a remote server tells its addresses itself. */
function ClientFields({ draft, set }: FieldsProps) {
  const { text } = useText();
  const granted = draft.auth === 'oauth';
  const remote = isRemote(draft);
  return (
    <>
      <Field
        label={text.connect.clientId}
        value={draft.clientId}
        required={!granted || !remote}
        onChange={(clientId) => set({ clientId })}
      />
      <Field
        type="password"
        label={text.connect.clientSecret}
        {...(granted && remote && { hint: text.connect.clientHint })}
        value={draft.clientSecret}
        required={!granted}
        onChange={(clientSecret) => set({ clientSecret })}
      />
      {granted && !remote && (
        <Field
          type="url"
          label={text.connect.authorizationUrl}
          value={draft.authorizationUrl}
          required
          onChange={(authorizationUrl) => set({ authorizationUrl })}
        />
      )}
      {!remote && (
        <Field
          type="url"
          label={text.connect.tokenUrl}
          value={draft.tokenUrl}
          required
          onChange={(tokenUrl) => set({ tokenUrl })}
        />
      )}
      <Field label={text.connect.scopes} value={draft.scopes} onChange={(scopes) => set({ scopes })} />
    </>
  );
}

function MoreFields({ draft, set, admin }: FieldsProps & { readonly admin: boolean }) {
  const { text } = useText();
  return (
    <details className="options">
      <summary className="text-button">
        <Icon name="chevron" />
        {text.connect.more}
      </summary>
      <div className="options-body">
        <Field
          type="lines"
          label={text.connect.settings}
          hint={text.connect.settingsHint(SETTING_EXAMPLES[draft.provider] ?? 'space = Team')}
          value={draft.settings}
          onChange={(settings) => set({ settings })}
        />
        <Field label={text.connect.slug} value={draft.slug} onChange={(slug) => set({ slug })} />
        <Check
          label={text.connect.personal}
          checked={draft.personal}
          disabled={!admin}
          onChange={(personal) => set({ personal })}
        />
        {admin && (
          <Check label={text.connect.trusted} checked={draft.trusted} onChange={(trusted) => set({ trusted })} />
        )}
      </div>
    </details>
  );
}
