import type { ConnectionHealth, ConnectionView } from '../../contracts/connections.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
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
