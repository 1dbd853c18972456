import type { Approval } from '../../contracts/approval.ts';
import type { AggregatedResult } from '../../contracts/orchestration.ts';

/** An approval waiting for its answer, for tests to vary. */
export const sampleApproval = (given: Partial<Approval> = {}): Approval => ({
  id: 'approval-1',
  hash: 'hash-1',
  kind: 'cost',
  expiresAt: new Date(Date.now() + 9 * 60_000).toISOString(),
  policy: { roles: ['admin'], asker: true, thresholdCents: 50 },
  plan: {
    agents: [
      { agent: 'brand', relevance: 0.7 },
      { agent: 'finance', relevance: 0.3 },
    ],
    mode: 'parallel',
    estimatedCents: 12.4,
    worstCaseCents: 63,
    question:
      'Brand drafts the launch tweet while Finance checks the budget for it. Type APPROVE to proceed or CANCEL to abort.',
  },
  ...given,
});

/** A result of two agents, for tests to vary. */
export const sampleResult = (given: Partial<AggregatedResult> = {}): AggregatedResult => ({
  primary_result: [
    '## Launch tweet',
    '',
    '> One inbox for every specialist. **Nubabel** is here.',
    '',
    '- Leads with the benefit, not the feature',
    '- Fits in `240` characters, see [the guide](https://example.com/guide)',
    '',
    '| Item | Cost |',
    '| --- | ---: |',
    '| Promotion | $120 |',
    '| Design | $40 |',
  ].join('\n'),
  supporting_insights: [
    { agent: 'finance', content: 'The *launch* budget has **$340** left.', confidence: 0.82, weight: 0.28 },
    { agent: 'growth', content: 'Post at 10:00 KST.', confidence: 0.6, weight: 0.11 },
  ],
  confidence_score: 0.91,
  aggregation_method: 'weighted_merge',
  agents_used: ['brand', 'finance', 'growth'],
  execution_time_ms: 14_200,
  primary_agent: 'brand',
  models_used: ['claude-sonnet-5-5'],
  missing_agents: [],
  ...given,
});
