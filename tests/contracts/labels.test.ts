import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { en } from '../../contracts/texts/en.ts';
import { ko } from '../../contracts/texts/ko.ts';
import { ROOT } from '../architecture/sources.ts';

/** What was said before, what is said instead, and every place where it is said. */
type Label = readonly [before: string, instead: string, said: readonly string[]];

const RAISE = ['organization', 'day', '7.00¢', '$1.00'] as const;

const english = ({ messages, console }: typeof en): readonly Label[] => [
  [
    'A change outside waits for approval',
    'Approval needed: Nubabel wants to make a change',
    [messages.plan.titles.tool],
  ],
  [
    'The budget does not reach any further',
    'Budget reached',
    [messages.plan.titles.budget, console.question.titles.budget],
  ],
  [
    'would have to rise by',
    'Needs 7.00¢ more',
    [messages.plan.raise(...RAISE), `${console.question.needs} ${console.question.more('7.00¢')}`],
  ],
  ['has to rise by', 'Needs 7.00¢ more', [messages.plan.raise(...RAISE)]],
  [
    'The work goes in circles',
    'No progress: the same step keeps repeating',
    [messages.plan.titles.loop, console.question.titles.loop],
  ],
  [
    'Stop with what is there',
    'Finish with current results',
    [console.steer.stop, console.question.choices.stop, `F${messages.plan.choices.stop.replace('STOP to f', '')}`],
  ],
  [
    'Go on without it',
    'Skip this step',
    [console.question.choices.skip, `S${messages.plan.choices.skip.replace('SKIP to s', '')}`],
  ],
  [
    'Nobody knows whether a change has happened',
    'We couldn’t confirm this change',
    [messages.plan.titles.effect, console.question.titles.effect],
  ],
  // In two pieces, because no file may name these words whole.
  [['from text that nobody vou', 'ches for'].join(''), 'from an unverified source', [console.calls.tainted]],
  ['I vouch for this server', 'Trust this server’s tool descriptions', [console.connect.trusted]],
  ['It has told of no tools yet', 'No tools yet.', [console.tools.none]],
  ['Ask the server again', 'Refresh tools', [console.tools.refresh]],
  ['Tools begin with', 'Tool prefix', [console.connect.slug, console.connections.facts.slug]],
  ['What it says of itself', 'Annotations', [console.tools.fields.annotations]],
  ['Make these calls?', 'Allow this action?', [console.question.titles.tool]],
  ['Prepare the way back', 'Prepare a rollback', [readFileSync(join(ROOT, 'dev/fakes/model/demo/plan.ts'), 'utf8')]],
  ['Plan the rest anew', 'Replan remaining steps', [console.steer.modes.replan, console.steer.reserved.replan]],
  [
    'came too late',
    'Not delivered: the work had finished',
    [messages.plan.steering.dropped, console.steer.statuses.dropped],
  ],
  ['steps are in the answer', 'Based on all 5 steps', [messages.plan.coverage(5, 5), console.plan.coverage(5, 5)]],
  ['It starts anew at midnight UTC', 'Resets at midnight UTC', [messages.budgetUser]],
  ['Nothing was half-written', 'Nothing was saved. Please try again.', [console.problems['internal'] ?? '']],
];

const korean = ({ messages, console }: typeof ko): readonly Label[] => [
  ['외부 변경이 승인을 기다리는 중', '외부 변경 승인 필요', [messages.plan.titles.tool]],
  ['바깥에서 바뀐 것', '외부 변경 내역', [messages.tools.changed, console.effects.title]],
  [
    '아무도 보증하지 않은 글',
    '검증되지 않은 출처의 값',
    [console.calls.tainted, messages.tools.askReasons.untrusted_input],
  ],
  ['페이즈', '1단계(총 4단계)', [messages.plan.phase(1, 4), console.plan.phase(1, 4)]],
  ['시험', '연결 테스트', [console.connections.test]],
  ['서버에 다시 묻기', '도구 새로 고침', [console.tools.refresh]],
  ['스스로 밝힌 성격', '도구 속성', [console.tools.fields.annotations]],
  ['사람이 허용', '계정 로그인 (OAuth)', [console.connections.auths['oauth'] ?? '']],
];

/** Files below this path that hold words for people, with their text. */
const filesIn = (path: string): { path: string; text: string }[] =>
  readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tsx?|html|md)$/.test(name))
    .map((name) => ({ path: `${path}/${name}`, text: readFileSync(join(ROOT, path, name), 'utf8') }));

const SPOKEN = ['contracts/texts', 'web', 'scripts', 'api'].flatMap(filesIn);

const placesOf = (words: string, files = SPOKEN) =>
  files.filter(({ text }) => text.toLowerCase().includes(words.toLowerCase())).map(({ path }) => path);

describe('a label', () => {
  it.each([...english(en), ...korean(ko)])('is no more “%s” but “%s”, everywhere', (before, instead, said) => {
    expect(said.filter((text) => !text.includes(instead))).toEqual([]);
    expect(placesOf(before)).toEqual([]);
  });

  it('of an edit says what happens to the data, and leaves production to steps of a plan', () => {
    expect(en.console.plan.callRisks.production).toBe('Edits or deletes existing data');
    expect(ko.console.plan.callRisks.production).toBe('기존 데이터 수정 또는 삭제');
    expect(en.console.plan.risks.production).toBe('Changes production');
  });
});

describe('words that no product would use', () => {
  const READ = [
    ...SPOKEN,
    ...['docs', 'agents', 'skills'].flatMap(filesIn),
    ...['README.md', 'CONTRIBUTING.md', 'DECISIONS.md'].map((path) => ({
      path,
      text: readFileSync(join(ROOT, path), 'utf8'),
    })),
  ];

  it.each([
    ['anew', /\banew\b/i],
    ['vouch', /\bvouch/i],
    ['nobody knows', /\bnobody knows\b/i],
    ['taken back', /\btak(?:en?|es|ing) back\b/i],
    ['of itself', /\bsays? of (?:itself|himself|themselves)\b/i],
    ['with what is there', /\bwith what is there\b/i],
  ])('“%s” is in nothing that people read', (_, words) => {
    expect(READ.filter(({ text }) => words.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
