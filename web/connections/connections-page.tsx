import { useState } from 'react';
import type { ConnectionView } from '../../contracts/connections.ts';
import { useMe } from '../api/queries.ts';
import { Icon } from '../layout/icons.tsx';
import { PageLink, type Route, toConnection } from '../layout/routes.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { ConnectForm } from './connect-form.tsx';
import { useConnections } from './connection-queries.ts';
import { HealthLabel } from './connection-state.tsx';

interface ConnectionsPageProps {
  readonly onNavigate: (route: Route) => void;
}

/** What the organization is connected to, and the form to connect more. */
export function ConnectionsPage({ onNavigate }: ConnectionsPageProps) {
  const { text } = useText();
  const { data, error } = useConnections();
  const me = useMe().data;
  const [adding, setAdding] = useState(false);
  return (
    <div className="thread connections">
      <header className="connections-head">
        <div>
          <h1>{text.connections.title}</h1>
          <p className="quiet">{text.connections.lead}</p>
        </div>
        {me && me.user.role !== 'guest' && !adding && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            {text.connections.add}
          </button>
        )}
      </header>
      {adding && me && (
        <ConnectForm
          admin={me.user.role === 'admin'}
          onCancel={() => setAdding(false)}
          onConnected={({ id }) => onNavigate(toConnection(id))}
        />
      )}
      {!data && error && <ProblemNote error={error} />}
      {!data && !error && <p className="quiet">{text.connections.loading}</p>}
      {data?.connections.length === 0 && !adding && <p className="note">{text.connections.empty}</p>}
      {data && data.connections.length > 0 && (
        <ul className="connection-list">
          {data.connections.map((connection) => (
            <li key={connection.id}>
              <PageLink to={toConnection(connection.id)} className="connection-row" onNavigate={onNavigate}>
                <ConnectionRow connection={connection} userId={me?.user.id} />
              </PageLink>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function ConnectionRow({
  connection,
  userId,
}: {
  readonly connection: ConnectionView;
  readonly userId: string | undefined;
}) {
  const { text } = useText();
  const { name, provider, health, enabled, tools, lastError, personal } = connection;
  const whose = connection.userId === userId ? text.connections.personal : text.connections.ofOther;
  return (
    <>
      <span className="connection-name">
        <span className="strong">{name}</span>
        <span className="quiet small">{[provider, personal ? whose : ''].filter(Boolean).join(' · ')}</span>
      </span>
      <span className="connection-facts small">
        {tools.quarantined > 0 && (
          <span className="label label-changed">{text.connections.quarantined(tools.quarantined)}</span>
        )}
        <span className="quiet">{text.connections.toolCount(tools.active)}</span>
        <HealthLabel health={health} enabled={enabled} />
      </span>
      {lastError !== null && enabled && health !== 'healthy' && (
        <span className="connection-error small quiet">{lastError}</span>
      )}
    </>
  );
}
