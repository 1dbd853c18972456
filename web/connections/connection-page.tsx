import { useEffect } from 'react';
import type { ConnectionView } from '../../contracts/connections.ts';
import { useMe } from '../api/queries.ts';
import { Icon } from '../layout/icons.tsx';
import { CONNECTIONS, PageLink, type Route } from '../layout/routes.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useNow } from '../job/use-job-progress.ts';
import { formatAgo } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import { ConnectionActions } from './connection-actions.tsx';
import { useConnection } from './connection-queries.ts';
import { ConnectionTools } from './connection-tools.tsx';
import { HealthLabel } from './connection-state.tsx';

interface ConnectionPageProps {
  readonly connectionId: string;
  readonly onNavigate: (route: Route) => void;
}

/** One connection: how it does, what to do about it, and what it offers. */
export function ConnectionPage({ connectionId, onNavigate }: ConnectionPageProps) {
  const { text } = useText();
  const { data: connection, error } = useConnection(connectionId);
  const me = useMe().data;
  const name = connection?.name;
  useEffect(() => {
    document.title = name === undefined ? 'Nubabel' : `${name} · Nubabel`;
    return () => {
      document.title = 'Nubabel';
    };
  }, [name]);
  return (
    <div className="thread connections">
      <PageLink to={CONNECTIONS} className="text-button back" onNavigate={onNavigate}>
        <Icon name="chevron" />
        {text.connections.back}
      </PageLink>
      {!connection && error && <ProblemNote error={error} />}
      {!connection && !error && <p className="quiet">{text.connections.loading}</p>}
      {connection && me && (
        <>
          <article className="card connection" data-health={connection.health}>
            <ConnectionHead connection={connection} mine={connection.userId === me.user.id} />
            <ConnectionFacts connection={connection} />
            {connection.lastError !== null && connection.health !== 'healthy' && (
              <p className={`note note-${connection.health === 'failing' ? 'bad' : 'warning'}`}>
                {connection.lastError}
              </p>
            )}
            {me.user.role !== 'guest' && (
              <ConnectionActions connection={connection} user={me.user} onGone={() => onNavigate(CONNECTIONS)} />
            )}
          </article>
          <ConnectionTools connectionId={connectionId} role={me.user.role} />
          <UnusableTools tools={connection.unusableTools} />
        </>
      )}
    </div>
  );
}

/** What the server lists and nobody can call, with the reasons. */
function UnusableTools({ tools }: { readonly tools: ConnectionView['unusableTools'] }) {
  const { text } = useText();
  if (tools.length === 0) return null;
  return (
    <div className="note note-warning">
      <p>{text.tools.unusable(tools.length)}</p>
      <ul>
        {tools.map(({ tool, reason }) => (
          <li key={`${tool} ${reason}`}>
            <code>{tool}</code> {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

function ConnectionHead({ connection, mine }: { readonly connection: ConnectionView; readonly mine: boolean }) {
  const { text, language } = useText();
  const now = useNow(true, 30_000);
  return (
    <div className="connection-head">
      <h1>{connection.name}</h1>
      {connection.personal && (
        <span className="label label-changed">{mine ? text.connections.personal : text.connections.ofOther}</span>
      )}
      {connection.trusted && <span className="label label-changed">{text.connections.trusted}</span>}
      <span className="connection-health">
        <HealthLabel health={connection.health} enabled={connection.enabled} />
        {connection.checkedAt !== null && (
          <span className="quiet small">
            {text.connections.checked(formatAgo(connection.checkedAt, now, language))}
          </span>
        )}
      </span>
    </div>
  );
}

function ConnectionFacts({ connection }: { readonly connection: ConnectionView }) {
  const { text, language } = useText();
  const { provider, url, slug, auth, settings } = connection;
  const { facts, auths, notSet } = text.connections;
  const expires = auth.expiresAt && new Date(auth.expiresAt).toLocaleString(language);
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    [facts.provider, provider],
    [facts.url, url],
    [facts.slug, `${slug}__`],
    [facts.auth, [auths[auth.kind] ?? auth.kind, auth.set ? '' : notSet].filter(Boolean).join(', ')],
    [facts.expires, expires],
    ...Object.entries(settings),
  ];
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value)
        .map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
