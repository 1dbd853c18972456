import type { Approval } from '../../contracts/approval.ts';
import { Icon } from '../layout/icons.tsx';
import { useText } from '../text/text-context.tsx';
import { RiskLabel } from './step-line.tsx';

type Calls = NonNullable<Approval['plan']['calls']>;

/** Exactly what would be called with what, as text: arguments come from models and from strangers. */
export function AskedCalls({ calls }: { readonly calls: Calls }) {
  const { text } = useText();
  return (
    <section aria-label={text.calls.asked}>
      <ul className="plan-steps">
        {calls.map((call) => (
          <li key={call.id} className="plan-step asked-call" data-tool={call.tool}>
            <div className="step-line">
              <code className="step-title">{call.tool}</code>
              <span className="quiet">{text.calls.where(call.connection)}</span>
              <span className="step-facts">
                <RiskLabel risk={call.risk} />
              </span>
            </div>
            {reasonsOf(call).length > 0 && (
              <p className="small">
                {reasonsOf(call)
                  .map((reason) => text.calls.reasons[reason] ?? reason)
                  .join(' ')}
              </p>
            )}
            <pre className="code" aria-label={text.calls.arguments}>
              {JSON.stringify(call.arguments, null, 2)}
            </pre>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** That it changes something stands beside its name already. */
const reasonsOf = ({ reasons, risk }: Calls[number]) =>
  reasons.filter((reason) => reason !== 'risk' || risk === 'read');

type Reconnect = NonNullable<Approval['plan']['reconnect']>;

/** The way to the connection that a person has to renew, on this console. */
export function ReconnectLink({ reconnect }: { readonly reconnect: Reconnect }) {
  const { text } = useText();
  return (
    <p>
      <a className="button" href={`/connections/${encodeURIComponent(reconnect.connectionId)}`}>
        <Icon name="plug" />
        {text.calls.reconnect(reconnect.connection)}
      </a>{' '}
      <span className="quiet small">{text.calls.reconnectHint}</span>
    </p>
  );
}
