import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { askApproval, toAnswer } from '../../scripts/ask-approval.ts';
import type { CancelRequest } from '../../contracts/approval.ts';
import { approvalLines } from '../../scripts/ask-lines.ts';
import { samplePlan, samplePlanApproval } from '../domain/planning/plan-samples.ts';
import { sampleApproval } from './sample-jobs.ts';

/** A person at a terminal, and a server that writes down what it is told. */
function terminal(refusal?: Error) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true });
  const [told, lines]: [[string, CancelRequest][], string[]] = [[], []];
  const tell = (verdict: string) => async (jobId: string, body: CancelRequest) => {
    told.push([verdict, body]);
    if (refusal) throw refusal;
    return { jobId, status: 'running' as const };
  };
  const screen = { progress: () => undefined, clear: () => undefined, line: (text: string) => void lines.push(text) };
  const api = { approve: tell('approve'), cancel: tell('cancel') };
  const deps = { api, screen, input, output, consoleUrl: 'http://nubabel', onInterrupt: () => undefined };
  const ask = (signal = new AbortController().signal, approval = sampleApproval()) =>
    askApproval(deps, 'job-1', approval, signal);
  const prompts = () => String(output.read());
  return { input, told, lines, prompts, ask };
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

  it('shows a plan with its prices and sends a choice', async () => {
    const { input, told, lines, ask } = terminal();
    const asked = ask(new AbortController().signal, samplePlanApproval(samplePlan(), { choices: ['stop'] }));
    input.write('retry\nSTOP\n');
    await asked;
    const shown = lines.join('\n');
    for (const part of [
      'Launch the product on Tuesday',
      'Phase 1/2',
      '🤖 Draft the launch tweet · Brand · 2 min · 1.5¢',
      '🔧 Release the page · github__merge · 2 min · 1.5¢ · 🚨 changes production · only if steps.budget.confidence > 0.5',
      'Publish the new pricing page.',
      'Estimated 4.5¢, at most 18¢, 4 min; expires in',
    ])
      expect(shown).toContain(part);
    expect(told).toEqual([['approve', { approvalId: 'approval-1', hash: 'hash-1', choice: 'stop' }]]);
  });

  it('shows calls with every argument, and offers the yes that makes them beside the choices', async () => {
    const { input, told, lines, prompts, ask } = terminal();
    const { plan, ...rest } = sampleApproval({ kind: 'tool', choices: ['skip', 'stop'] });
    const call = {
      id: 'call-1',
      tool: 'notion__createTask',
      connection: 'Demo Notion',
      risk: 'write' as const,
      arguments: { title: 'Ship\u202E it', tags: ['a', 'b'] },
      reasons: ['risk' as const, 'untrusted_input' as const],
    };
    const asked = ask(new AbortController().signal, {
      ...rest,
      plan: { ...plan, calls: [call], evidence: ['Marketing'] },
    });
    input.write('y\napprove\n');
    await asked;
    expect(told).toEqual([['approve', { approvalId: 'approval-1', hash: 'hash-1' }]]);
    expect(prompts()).toContain('Type APPROVE, SKIP, STOP or CANCEL to abort');
    const shown = lines.join('\n');
    expect(shown).toContain('notion__createTask · Demo Notion · makes a change');
    expect(shown).toMatch(
      /\n +title: "Ship⟨U\+202E⟩ it"\n +tags: \["a","b"\]\n +Its arguments may come from an unverified source/,
    );
    expect(shown).toContain('Requested by: Marketing');
    expect(shown).not.toContain('\u202E');
  });

  it('shows what led to a question in the middle of the work', () => {
    const { plan, ...rest } = sampleApproval({ kind: 'budget' });
    const raise = { scope: 'user' as const, period: 'day', byCents: 20, limitCents: 500 };
    const evidence = ['Spent \u001B[31m4.90'];
    const lines = approvalLines({ ...rest, plan: { ...plan, stepId: 'draft', evidence, raise, action: 'skip' } }, 0);
    expect(lines.join('\n')).toContain(
      '   • Spent ⟨U+001B⟩[31m4.90\n   Limit (user, day): $5.00. Needs 20¢ more\n   Proposed: skip this step',
    );
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
    const answers = [' APPROVE ', '승인', 'Cancel', '취소', 'maybe', 'skip'];
    const verdicts = answers.map((answer) => toAnswer(answer)?.verdict);
    expect(verdicts).toEqual(['approve', 'approve', 'cancel', 'cancel', undefined, undefined]);
  });

  it('takes the choices that are offered by their words', () => {
    const offered = ['raise', 'retry', 'skip', 'stop'] as const;
    const answers = ['RAISE', '증액', 'Retry', '재시도', 'skip', '건너뛰기', 'stop', '중지'];
    const meant = answers.map((answer) => toAnswer(answer, offered));
    expect(meant.map((answer) => answer?.choice)).toEqual(offered.flatMap((choice) => [choice, choice]));
    expect(meant.every((answer) => answer?.verdict === 'approve')).toBe(true);
    expect(toAnswer('raise', ['stop'])).toBeUndefined();
  });
});
