import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { askApproval, toVerdict } from '../../scripts/ask-approval.ts';
import type { DecisionRequest } from '../../contracts/approval.ts';
import { sampleApproval } from './sample-jobs.ts';

/** A person at a terminal, and a server that writes down what it is told. */
function terminal(refusal?: Error) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true });
  const [told, lines]: [[string, DecisionRequest][], string[]] = [[], []];
  const tell = (verdict: string) => async (jobId: string, body: DecisionRequest) => {
    told.push([verdict, body]);
    if (refusal) throw refusal;
    return { jobId, status: 'running' as const };
  };
  const screen = { progress: () => undefined, clear: () => undefined, line: (text: string) => void lines.push(text) };
  const api = { approve: tell('approve'), cancel: tell('cancel') };
  const deps = { api, screen, input, output, consoleUrl: 'http://house', onInterrupt: () => undefined };
  const ask = (signal = new AbortController().signal) => askApproval(deps, 'job-1', sampleApproval(), signal);
  return { input, told, lines, ask };
}

describe('an approval at the terminal', () => {
  it('shows plan and cost, asks until the answer makes sense, and sends exactly what was shown', async () => {
    const { input, told, lines, ask } = terminal();
    const asked = ask();
    input.write('well…\n승인\n');
    await asked;
    expect(told).toEqual([['approve', { approvalId: 'approval-1', hash: 'hash-1' }]]);
    expect(lines.join('\n')).toMatch(/Agents: Brand, Finance \(all at once\)\n.*at most 63¢; expires in \d:\d\d/);
  });

  it('goes away when somebody else answers', async () => {
    const { told, ask } = terminal();
    const elsewhere = new AbortController();
    const asked = ask(elsewhere.signal);
    elsewhere.abort();
    await asked;
    expect(told).toEqual([]);
  });

  it('shows the sentence of a refusal', async () => {
    const { input, lines, ask } = terminal(new Error('Only admins may answer.'));
    const asked = ask();
    input.write('CANCEL\n');
    await asked;
    expect(lines.at(-1)).toContain('Only admins may answer.');
  });

  it('takes an answer in English and Korean', () => {
    const answers = [' APPROVE ', '승인', 'Cancel', '취소', 'maybe'];
    expect(answers.map(toVerdict)).toEqual(['approve', 'approve', 'cancel', 'cancel', undefined]);
  });
});
