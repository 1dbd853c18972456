import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseHistory } from '../../../workers/bundle.ts';
import { countHistory, spansOf } from './workflow-history.ts';

const kept = (name: string) =>
  parseHistory(readFileSync(new URL(`../../replay/histories/${name}.json`, import.meta.url), 'utf8')).events ?? [];

describe('the history of a workflow', () => {
  it('is counted by what it has cost', () => {
    expect(countHistory(kept('simple'))).toEqual({
      events: 21,
      workflowTasks: 3,
      activities: { analyzeRequest: 1, runAgent: 1 },
      localActivities: { routeRequest: 1, finishOrchestration: 1 },
      searchAttributeUpserts: 2,
      timers: 0,
      messages: 0,
    });
  });

  it('tells what people have said to the work', () => {
    expect(countHistory(kept('plan-approved'))).toMatchObject({ messages: 1 });
    expect(countHistory(kept('slack-approved-in-thread'))).toMatchObject({ messages: 1 });
  });

  it('says which part of the work ran when, one after the other', () => {
    const spans = spansOf(kept('simple'));
    expect(spans.map(({ name }) => name)).toEqual([
      'workflow',
      'analyzeRequest',
      'routeRequest',
      'runAgent',
      'finishOrchestration',
    ]);
    spans.forEach(({ from, to }, nth) => {
      expect(to).toBeGreaterThan(from);
      expect(from).toBeGreaterThanOrEqual(spans[nth - 1]?.to ?? 0);
    });
  });
});
