import { useMutation } from '@tanstack/react-query';
import type { ConnectionHealth, ConnectionView } from '../../contracts/connections.ts';
import { useApi } from '../api/queries.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';

const LOOKS: Record<ConnectionHealth, { readonly tone: string; readonly icon: IconName }> = {
  unknown: { tone: 'calm', icon: 'clock' },
  healthy: { tone: 'good', icon: 'check' },
  failing: { tone: 'bad', icon: 'cross' },
  reconnect: { tone: 'attention', icon: 'warning' },
};
const OFF = { tone: 'calm', icon: 'stop' } as const;

/** How a connection does, in a word and a colour. */
export function HealthLabel({ health, enabled }: Pick<ConnectionView, 'health' | 'enabled'>) {
  const { text } = useText();
  const { tone, icon } = enabled ? LOOKS[health] : OFF;
  return (
    <span className={`health tone tone-${tone}`} data-health={enabled ? health : 'off'}>
      <Icon name={icon} />
      {enabled ? text.connections.healths[health] : text.connections.off}
    </span>
  );
}

interface ReconnectButtonProps {
  readonly id: string;
  readonly primary: boolean;
  /** Nobody has granted access yet. */
  readonly fresh: boolean;
}

/** Takes the browser to where a person grants access; the page it comes back to says what became of it. */
export function ReconnectButton({ id, primary, fresh }: ReconnectButtonProps) {
  const api = useApi();
  const { text } = useText();
  const grant = useMutation({
    mutationFn: async () => {
      const { authorizationUrl } = await api.authorizeConnection(id);
      // An untrusted server has named it, and some addresses are programs.
      if (!/^https?:\/\//i.test(authorizationUrl)) throw new Error(text.connections.badAddress);
      location.assign(authorizationUrl);
    },
  });
  const busy = grant.isPending || grant.isSuccess;
  return (
    <>
      <button
        type="button"
        className={primary ? 'button primary' : 'button'}
        disabled={busy}
        onClick={() => grant.mutate()}
      >
        {busy ? text.connections.leaving : fresh ? text.connections.grant : text.connections.reconnect}
      </button>
      {grant.error && <ProblemNote error={grant.error} unreachable={grant.error.message} />}
    </>
  );
}
