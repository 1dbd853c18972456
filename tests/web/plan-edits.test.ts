import { describe, expect, it } from '@jest/globals';
import { toPhases } from '../../contracts/phases.ts';
import { errorSentence } from '../../contracts/texts.ts';
import { isChanged, placeProblems, toEdits } from '../../web/plan/plan-edits.ts';
import { samplePlan } from '../domain/planning/plan-samples.ts';

const { steps } = samplePlan();
const [draft] = steps;

describe('changes to a plan', () => {
  it('name only what differs from what was shown', () => {
    expect(toEdits(steps, new Map())).toBeUndefined();
    expect(
      toEdits(steps, new Map([['draft', { title: draft?.title ?? '', agent: 'brand' as const }]])),
    ).toBeUndefined();
    const changes = { title: 'Two tweets', instruction: draft?.instruction ?? '', agent: 'marketing' as const };
    const removed = { title: 'never mind', remove: true as const };
    const edits = toEdits(
      steps,
      new Map<string, typeof changes | typeof removed>([
        ['budget', removed],
        ['draft', changes],
      ]),
    );
    expect(edits).toEqual({
      steps: [
        { id: 'draft', title: 'Two tweets', agent: 'marketing' },
        { id: 'budget', remove: true },
      ],
    });
    if (draft) expect([isChanged(draft, undefined), isChanged(draft, changes)]).toEqual([false, true]);
  });

  it('are refused at their field, by place in what was sent or by the step’s id', () => {
    const edits = { steps: [{ id: 'budget', title: '' }] };
    const errors = [
      { path: 'edits.steps.0.title', message: 'empty' },
      { path: 'steps.release.when', message: 'broken' },
      { path: 'release', message: 'unreachable' },
      { path: 'steps.7.title', message: 'nowhere' },
      { path: 'steps.nobody', message: 'unknown' },
      { path: '', message: 'too dear' },
    ];
    const { byStep, others } = placeProblems(errors, steps, edits);
    expect([...byStep]).toEqual([
      ['budget', [{ field: 'title', message: 'empty' }]],
      [
        'release',
        [
          { field: 'when', message: 'broken' },
          { field: '', message: 'unreachable' },
        ],
      ],
    ]);
    expect(others.map(({ message }) => message)).toEqual(['nowhere', 'unknown', 'too dear']);
  });
});

describe('phases', () => {
  it('are counted without gaps, in order, and half for what runs', () => {
    const phases = toPhases([
      { phase: 5, status: 'running' as const },
      { phase: 2, status: 'done' as const },
      { phase: 2, status: 'waiting' as const },
      { phase: 9 },
    ]);
    expect(phases.map(({ nth, total, percent }) => [nth, total, percent])).toEqual([
      [1, 3, 50],
      [2, 3, 50],
      [3, 3, 0],
    ]);
    expect(toPhases([])).toEqual([]);
  });

  it('of work that was cancelled or stopped are not done', () => {
    const skipped = (reason: string | null) => ({ phase: 1, status: 'skipped' as const, reason });
    const stopped = errorSentence('stopped', 'ko');
    for (const reason of [null, 'stopped', stopped]) expect(toPhases([skipped(reason)])[0]?.percent).toBe(0);
    expect(toPhases([skipped('condition_false')])[0]?.percent).toBe(100);
    expect(toPhases([{ phase: 1, status: 'done' as const }, skipped(null)])[0]?.percent).toBe(50);
  });
});
