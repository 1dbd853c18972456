import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ROOT } from './sources.ts';

/**
 * Words of our own making that a reader would have to learn, with what the field says instead. In pieces, so that this
 * file does not name itself.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  'approval-de|sk': 'approval-handlers',
  'steering-de|sk': 'steering-handlers',
  'Provider|Fixture': 'AuthorizedProviderClient',
  'run|Course': 'executePlan',
  'MOST|_': 'MAX_',
  'LONG|EST_': 'MAX_',
  'LE|AST_': 'MIN_',
  'nobody vou|ches': 'untrusted',
  'vouched |for': 'trusted',
  'asks for pat|ience': 'rate limited',
  "A request's |way": 'How a request flows',
  'create|Ear': 'createNotificationListener',
  'create|Echoes': 'createSecretRedactor',
  'until|Back': 'retryWhileDatabaseUnavailable',
  'meet|Stranger': 'createUnknownUser',
  'look|Around': 'loadThreadContext',
  'under|Way': 'trackInFlight',
  'find|Out': 'checkOutcome',
  'clear|Up': 'resolveUnknownOutcome',
  'why|Other': 'findCallMismatch',
  'why|NotShown': 'findApprovalMismatch',
  'open|Judge': 'createApprovalEvaluator',
};

/** Everything that people read, but for recorded data. */
const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.md', '.env.example'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path && !path.includes('/histories/') && !path.startsWith('db/migrations/'));

it.each(Object.entries(INSTEAD))('“%s” is said as “%s”', (pieces) => {
  const word = new RegExp(`\\b${pieces.replace('|', '')}${/\w$/.test(pieces) && !pieces.endsWith('_') ? '\\b' : ''}`);
  expect(files.filter((path) => word.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
});
