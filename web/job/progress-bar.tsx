import type { JobStatusName } from '../../contracts/orchestration.ts';
import { toneOf } from './status-look.tsx';

interface ProgressBarProps {
  readonly value: number;
  readonly status: JobStatusName;
  readonly label: string;
  readonly slim?: boolean;
}

export function ProgressBar({ value, status, label, slim = false }: ProgressBarProps) {
  const shown = Math.round(Math.min(100, Math.max(0, value)));
  return (
    <span
      className={`bar tone-${toneOf(status)}${slim ? ' bar-slim' : ''}${status === 'running' ? ' bar-moving' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={shown}
    >
      <span className="bar-fill" style={{ transform: `scaleX(${shown / 100})` }} />
    </span>
  );
}
