import { parseArgs } from 'node:util';

export interface Options {
  readonly quick: boolean;
  /** Looks into single requests instead of taking measures. */
  readonly anatomy: boolean;
  /** Measures one job on the product and on peers, which are installed for it, instead of everything else. */
  readonly peers: boolean;
  /** Names of the measures to take; empty for all. */
  readonly only: readonly string[];
  readonly json: string;
  /** Where API and worker leave CPU profiles; undefined for none. */
  readonly profile: string | undefined;
}

/** `--quick`, `--anatomy`, `--peers`, `--only name,name`, `--json file`, `--profile folder`. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      anatomy: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'string', default: 'dist/bench.json' },
      profile: { type: 'string' },
    },
  });
  return { ...values, only: values.only.split(',').filter(Boolean), profile: values.profile };
}
