import type { SteeringView } from '../../contracts/steering.ts';
import { Icon, type IconName } from '../layout/icons.tsx';
import { useText } from '../text/text-context.tsx';
import type { Tone } from './status-look.tsx';

/** Something said from here that the server has accepted; its list may not have arrived yet. */
export type Said = Pick<SteeringView, 'id' | 'message' | 'mode'>;

const LOOKS: Record<SteeringView['status'], { readonly icon: IconName; readonly tone: Tone }> = {
  pending: { icon: 'clock', tone: 'busy' },
  delivered: { icon: 'check', tone: 'good' },
  dropped: { icon: 'warning', tone: 'warning' },
};

const lookOf = (status: SteeringView['status']) => LOOKS[status] ?? LOOKS.pending;

interface SteeringListProps {
  readonly steering: readonly SteeringView[];
  readonly said: readonly Said[];
}

/** Every message to the work and whether it has arrived there. */
export function SteeringList({ steering, said }: SteeringListProps) {
  const { text } = useText();
  const lines = [...steering, ...notYetListed(steering, said)];
  if (lines.length === 0) return null;
  return (
    <section className="steering" aria-label={text.steer.said}>
      <ul>
        {lines.map(({ id, message, mode, status }) => (
          <li key={id} data-status={status}>
            <span className={`tone tone-${lookOf(status).tone}`}>
              <Icon name={lookOf(status).icon} />
            </span>
            <span className="plain">
              {mode === 'stop' && <span className="strong">{text.steer.stopSaid} </span>}
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

/** What was said here and is not in the server's list yet. */
const notYetListed = (steering: readonly SteeringView[], said: readonly Said[]) =>
  said
    .filter(({ id }) => !steering.some((listed) => listed.id === id))
    .map((one) => ({ ...one, status: 'pending' as const }));
