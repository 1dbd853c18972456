import type { JobStatus } from '../contracts/orchestration.ts';
import { progressLine } from './ask-lines.ts';

export interface Screen {
  /** Shows how far the job is: one line redrawn on a terminal, a line per new step elsewhere. */
  progress(status: JobStatus): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the redrawn line away. */
  clear(): void;
}

/** Progress goes to standard error, so that the answer alone can be piped on. */
export function createScreen(out: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>): Screen {
  let drawn = '';
  const clear = (): void => {
    if (out.isTTY && drawn !== '') out.write('\r\u001B[2K');
    drawn = '';
  };
  return {
    progress(status) {
      const line = progressLine(status);
      if (out.isTTY) {
        clear();
        drawn = fit(line, (out.columns || 80) - 1);
        out.write(drawn);
      } else if (drawn !== status.step) {
        drawn = status.step;
        out.write(`${line}\n`);
      }
    },
    line(text) {
      clear();
      out.write(`${text}\n`);
    },
    clear,
  };
}

/** As much of a line as fits the columns; Korean letters and most signs outside the Latin plane take two. */
export function fit(line: string, columns: number): string {
  let width = 0;
  let fitting = '';
  for (const sign of line) {
    width += isWide(sign) ? 2 : 1;
    if (width > columns) return fitting;
    fitting += sign;
  }
  return fitting;
}

const isWide = (sign: string): boolean =>
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|\p{Emoji_Presentation}/u.test(sign);
