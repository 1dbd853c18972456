/** What it does, the history that catches it, the file, what it says and what it is made to say. */
type Mutant = readonly [what: string, caughtBy: string, file: string, from: string | RegExp, to: string];

export const WORKFLOW = 'workflows/orchestration.workflow.ts';
const lib = (name: string) => `workflows/lib/${name}.ts`;
const COURSE = lib('course');

/** Changes to today's workflows that would break runs that are still going on. */
export const MUTANTS: readonly Mutant[] = [
  ['routes before it understands', 'simple.json', WORKFLOW, 'if (input.analyze) await understand();\n', ''],
  ['waits before it ends', 'simple.json', WORKFLOW, "stage = 'finishing';", 'await condition(() => false, 10);'],
  [
    'does not write what was decided',
    'approval-approved.json',
    'workflows/lib/questions.ts',
    "if (answer.kind === 'decided') {",
    "if (answer.kind === 'decided' && answer.plan) {",
  ],
  [
    'leaves a step out',
    'sequential.json',
    COURSE,
    'for (const step of readySteps(course)) {',
    'for (const step of readySteps(course).filter(({ id }) => id !== course.steps[1]?.id)) {',
  ],
  ['never tells Slack', 'slack.json', 'workflows/lib/reporter.ts', 'let dirty = wanted;', 'let dirty = false;'],
  [
    'does not end a question by itself',
    'approval-expired.json',
    'workflows/lib/awaiting.ts',
    /,\s+Math\.max\(1, [^;]*?Date\.now\(\)\),\s+\);/,
    ');',
  ],

  ['plans without a second try', 'plan-repaired.json', lib('planning'), 'const DRAFTS = 2;', 'const DRAFTS = 1;'],
  [
    'takes one step after the other',
    'plan-approved.json',
    COURSE,
    'of readySteps(course)) {',
    'of readySteps(course).slice(0, 1)) {',
  ],
  [
    'runs the plan as it was before the edits',
    'plan-edited.json',
    lib('agreement'),
    'answer.plan?.steps ?? proposal.steps',
    'proposal.steps',
  ],
  [
    'works without a plan and without asking',
    'plan-refused-twice.json',
    lib('planning'),
    'return withoutPlan(offered);',
    'return withoutPlan({ ...offered, approval: undefined });',
  ],
  ['works in a dry run', 'plan-dry-run.json', lib('agreement'), "if (routed.dryRun) return { kind: 'planned' };", ''],
  ['counts one approval for two', 'quorum.json', lib('approval-desk'), '(now.question?.policy.quorum ?? 1)', '1'],
  ['does not write down who approved first', 'quorum.json', lib('approval-desk'), 'now.uncounted.push(given);', ''],
  [
    'ignores a condition',
    'condition-skipped.json',
    lib('steps'),
    'if (step.conditional) {',
    'if (step.conditional && step.needs.length > 9) {',
  ],
  [
    'asks nobody at an approval step',
    'approval-step.json',
    lib('steps'),
    "return step.kind === 'approval' ? askAbout(job, step) : workOn(job, step);",
    'return workOn(job, step);',
  ],
  [
    'runs a blocked step',
    'replanned-after-failure.json',
    COURSE,
    'return blocked ?',
    'return blocked && step.needs.length > 9 ?',
  ],
  [
    'leaves out what was said at the end',
    'steered-follow-up.json',
    COURSE,
    'of readySteps(course)) {',
    "of readySteps(course).filter(({ id }) => !id.startsWith('followup'))) {",
  ],
  [
    'goes on after a stop',
    'stopped.json',
    lib('run-course'),
    'mayStart: () => !steering.stopped() &&',
    'mayStart: () =>',
  ],
  ['finishes the old plan first', 'replanned.json', lib('run-course'), ' && !steering.wantsReplan(),', ','],
  [
    'does not write the end of what was cancelled',
    'cancelled-while-planning.json',
    WORKFLOW,
    "if (isCancellation(error)) return { kind: 'cancelled' };",
    '',
  ],
  ['heals nothing', 'healed.json', 'contracts/healing-rules.ts', 'MOST_HEALINGS = 2', 'MOST_HEALINGS = 0'],
  ['heals without end', 'healing-failed.json', 'contracts/healing-rules.ts', 'MOST_HEALINGS = 2', 'MOST_HEALINGS = 9'],
  [
    'does not ask how to heal',
    'healed-by-person.json',
    lib('trouble'),
    'return askAgain(job, step, { ...failing, nth }',
    'return { ...failing, nth }; askAgain(job, step, { ...failing, nth }',
  ],
  [
    'goes on without the step that the budget was raised for',
    'budget-raised.json',
    lib('trouble'),
    "if (answer === 'raise') return next;",
    '',
  ],
];
