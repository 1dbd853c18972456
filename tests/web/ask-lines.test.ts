import { describe, expect, it } from '@jest/globals';
import { plain } from '../../scripts/ask-plan.ts';
import { createScreen, fit } from '../../scripts/ask-lines.ts';
import { newJob } from './scripted-nubabel.ts';

describe('the terminal', () => {
  it('redraws one line on a terminal and prints each new step elsewhere', () => {
    const write = (written: string[]) => (text: string | Uint8Array) => written.push(String(text)) > 0;
    const [drawn, piped]: [string[], string[]] = [[], []];
    const steps = [
      newJob({ progress: 0 }),
      newJob({ progress: 50, step: 'Half' }),
      newJob({ progress: 60, step: 'Half' }),
    ];
    const onTerminal = createScreen({ isTTY: true, columns: 30, write: write(drawn) });
    const inPipe = createScreen({ isTTY: false, columns: 0, write: write(piped) });
    for (const step of steps) {
      onTerminal.progress(step);
      inPipe.progress(step);
    }
    expect(drawn.filter((text) => text === '\r\u001B[2K')).toHaveLength(2);
    expect(drawn[0]).toHaveLength(29);
    expect(piped).toHaveLength(2);
  });

  it('counts Korean letters and emoji as two columns', () => {
    expect(fit('예산 확인', 6)).toBe('예산 ');
    expect(fit('✅ ok', 3)).toBe('✅ ');
    expect(fit('plain', 80)).toBe('plain');
  });

  it('obeys nothing that an answer contains', () => {
    expect(plain('a\u001B[2J\u001B]0;title\u0007b\rc\u009B31m\u202Ed\te\n')).toBe(
      'a⟨U+001B⟩[2J⟨U+001B⟩]0;title⟨U+0007⟩b⟨U+000D⟩c⟨U+009B⟩31m⟨U+202E⟩d\te\n',
    );
  });
});
