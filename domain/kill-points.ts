import { closeSync, openSync } from 'node:fs';

/** Moments at which a crash hurts most; a proof of survival kills the process exactly there. */
const KILL_POINTS = [
  'after-reserve',
  'after-model-answer',
  'after-turn-stored',
  'after-slack-post',
  'after-slack-update',
  'before-effect',
  'after-effect',
  'after-effect-stored',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];
export type ReachKillPoint = (point: KillPoint) => void;

/**
 * `spec` is `<point>@<marker file>`: the first process to reach the point makes the file and dies by SIGKILL, every
 * later one passes. Without a spec nothing ever happens.
 */
export function createKillPoint(spec: string | undefined): ReachKillPoint {
  const [wanted, marker] = spec?.split('@') ?? [];
  if (!wanted || !marker) return () => {};
  return (point) => {
    if (point !== wanted) return;
    try {
      closeSync(openSync(marker, 'wx'));
    } catch {
      return;
    }
    process.kill(process.pid, 'SIGKILL');
  };
}
