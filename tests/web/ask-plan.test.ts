import { describe, expect, it } from '@jest/globals';
import { answerLines, closingLines } from '../../scripts/ask-lines.ts';
import { newsLines } from '../../scripts/ask-plan.ts';
import { healingView, planView, steeringView } from './plan-jobs.ts';
import { sampleApproval, sampleResult } from './sample-jobs.ts';
import { newJob } from './scripted-nubabel.ts';

describe('the news of a plan at the terminal', () => {
  it('tell each phase as it begins, each step as it ends, healing, what was said and the quorum', () => {
    const approval = sampleApproval({ approvals: [{ by: 'x', at: '', via: 'slack' }] });
    approval.policy.quorum = 2;
    const job = newJob({
      plan: planView([
        { status: 'done', costCents: 1.25 },
        { status: 'failed', reason: 'Away.\u001B[2J' },
      ]),
      healing: [healingView()],
      steering: [steeringView(), steeringView({ mode: 'stop', message: '', status: 'delivered' })],
      approval,
    });
    expect(newsLines(job)).toEqual([
      'Phase 1/2: Draft the launch tweet, Check the budget',
      '  ✅ Draft the launch tweet · Brand · 1.25¢',
      '  ❌ Check the budget · Finance · Away.⟨U+001B⟩[2J',
      '🩹 Self-healing attempt #1: root cause the answer was no JSON, action another agent, status in progress (Check the budget)',
      '⏳ “Also include Q3” (pending)',
      '✅ Stop (delivered)',
      '✋ 1 of 2 approved',
    ]);
    expect(newsLines(newJob({}))).toEqual([]);
  });
});

describe('the end of a plan at the terminal', () => {
  it('says what is missing from the answer and what the stop cost', () => {
    const missing = [{ step: 'budget', title: 'Check the budget', reason: 'Away.' }];
    const result = sampleResult({
      coverage: { answered: 2, total: 3, missing, weights: [] },
      supporting_insights: [
        { agent: 'growth', content: 'Post early.', confidence: 1, weight: 0.4, step: 'Time the post' },
      ],
      missing_agents: [{ agent: 'finance', reason: 'Away.' }],
    });
    const receipt = {
      mode: 'cancel' as const,
      at: '',
      callsInFlight: 1,
      spentAfterStopCents: 0.3,
      stepsDone: 2,
      stepsTotal: 3,
    };
    const job = newJob({ status: 'partial', plan: planView(), result, receipt });
    const lines = closingLines(job);
    expect(lines).toContain('   Based on 2 of 3 steps');
    expect(lines.filter((line) => line.includes('Missing'))).toEqual(['   Missing: Check the budget: Away.']);
    expect(lines).toContain('   Cancelled: 1 call was in progress, 0.3¢ spent after the stop, 2 of 3 steps done');
    expect(answerLines(job).join('\n')).toContain('### Time the post (Growth) (weight 40%)');
  });

  it('of a dry run is the plan with its prices', () => {
    const lines = closingLines(newJob({ status: 'completed', dryRun: true, plan: planView() })).join('\n');
    expect(lines).toContain('nothing was done');
    expect(lines).toContain('🤖 Draft the launch tweet · Brand · 2 min · 1.5¢');
    expect(lines).toContain('Estimated 4.5¢, at most 18¢, 4 min');
  });
});
