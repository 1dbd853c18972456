const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** One line to the person at the terminal. */
export type PrintLine = (line: string) => void;

export interface Terminal {
  readonly line: PrintLine;
  /** Prints `✓ label (0.4 s)` when the work is done; on a terminal a spinner shows what is still going on. */
  step<T>(label: string, work: () => Promise<T>): Promise<T>;
}

/** The only paths in `dev/` that writes to the terminal. */
export function createTerminal(out: NodeJS.WriteStream = process.stdout): Terminal {
  const active = new Set<string>();
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => out.isTTY && out.write('\r\u001b[2K');
  const line = (text: string) => {
    clear();
    out.write(`${text}\n`);
  };
  const spin = () => {
    if (!out.isTTY || active.size === 0) return;
    frame = (frame + 1) % FRAMES.length;
    clear();
    out.write(`${FRAMES[frame]} ${[...active].join(', ')}`.slice(0, out.columns));
  };
  return {
    line,
    async step(label, work) {
      const began = performance.now();
      active.add(label);
      timer ??= setInterval(spin, 100).unref();
      try {
        const result = await work();
        line(`✓ ${label} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
        return result;
      } finally {
        active.delete(label);
        clear();
      }
    },
  };
}
