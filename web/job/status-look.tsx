import type { JobStatusName } from '../../contracts/orchestration.ts';
import { Icon, type IconName } from '../layout/icons.tsx';

/** What colours a status, an agent or a note. */
export type Tone = 'calm' | 'busy' | 'attention' | 'good' | 'warning' | 'bad';

const LOOKS: Record<JobStatusName, { readonly icon: IconName; readonly tone: Tone }> = {
  pending: { icon: 'clock', tone: 'calm' },
  running: { icon: 'spinner', tone: 'busy' },
  awaiting_approval: { icon: 'hand', tone: 'attention' },
  completed: { icon: 'check', tone: 'good' },
  partial: { icon: 'warning', tone: 'warning' },
  failed: { icon: 'cross', tone: 'bad' },
  cancelled: { icon: 'stop', tone: 'calm' },
  expired: { icon: 'clock', tone: 'calm' },
};

export const toneOf = (status: JobStatusName): Tone => LOOKS[status]?.tone ?? 'calm';

/** The icon of a status in its colour; say the status in words next to it. */
export function StatusIcon({ status }: { readonly status: JobStatusName }) {
  return (
    <span className={`tone tone-${toneOf(status)}`}>
      <Icon name={LOOKS[status]?.icon ?? 'clock'} spinning={status === 'running'} />
    </span>
  );
}
