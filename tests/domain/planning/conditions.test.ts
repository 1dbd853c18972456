import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkCondition,
  ConditionError,
  evaluateCondition,
  type StepResult,
} from '../../../domain/planning/conditions.ts';
import { dataIn } from '../../../domain/json.ts';
import { cpuMs } from '../../support/cpu-clock.ts';

const result = (changes: Partial<StepResult> = {}): StepResult => ({
  status: 'done',
  text: 'Found 3 bugs.',
  confidence: 0.8,
  data: { bugs: 3, severe: true, files: ['a.ts', 'b.ts'], owner: { name: 'Ada' } },
  ...changes,
});
const RESULTS = { analyze: result(), test: result({ status: 'failed', text: '', confidence: 0, data: null }) };
const check = (expression: string) => checkCondition(expression, ['analyze', 'test']);

describe('a condition', () => {
  it.each([
    ['steps.analyze.status == "done"', true],
    ['steps.test.status == "done"', false],
    ['steps.analyze.confidence >= 0.5', true],
    ['steps.analyze.confidence > 1', false],
    ['steps.analyze.text.contains("bugs")', true],
    ['steps.analyze.data.bugs > 2 && steps.analyze.data.severe', true],
    ['steps.analyze.data.bugs == 3', true],
    ['steps.analyze.data.severe', true],
    ['has(steps.analyze.data.risk) && steps.analyze.data.risk > 1', false],
    ['steps.test.data == null', true],
    ['steps.analyze.data.files.exists(f, f.endsWith(".ts"))', true],
    ['size(steps.analyze.data.files.filter(f, f == "a.ts")) == 1', true],
    ['"a.ts" in steps.analyze.data.files', true],
    ['steps.analyze.data.owner.name == "Ada"', true],
    ['steps["analyze"].status != "failed" || !(1 < 2)', true],
    ['steps["ana" + "lyze"].text.contains("bugs")', true],
    ['steps["anal\\x79ze"].data.bugs == 3', true],
    ['steps[steps.test.status == "failed" ? "analyze" : "test"].text.contains("bugs")', true],
  ])('%s is %s', (expression, verdict) => {
    expect(check(expression)).toBeUndefined();
    expect(evaluateCondition(expression, RESULTS)).toBe(verdict);
  });

  it.each([
    ['a step that is not needed', 'steps.deploy.status == "done"', /“deploy”, which is not there/],
    ['a field that results do not have', 'steps.analyze.cost > 1', /“cost”, which is not there/],
    ['no truth', 'steps.analyze.text', /gives string, but must give true or false/],
    ['no expression', 'if the tests pass', /no valid expression/],
    ['an assignment', 'steps.analyze.status = "done"', /no valid expression/],
    ['something unknown', 'process.env.HOME == ""', /no valid expression/],
    ['nothing', '', /no valid expression/],
    ['a comparison of apples and pears', 'steps.analyze.status > 3', /no valid expression/],
    ['a pattern, which could take for ever', 'steps.analyze.text.matches("(a+)+$")', /may not use matches\(\)/],
    ['a list that grows', 'steps.analyze.data.files.map(f, f) == []', /may not use map\(\)/],
    ['a loop in a loop', 'steps.analyze.data.a.all(x, steps.analyze.data.a.all(y, x == y))', /loop inside of a loop/],
    ['too many loops', Array(4).fill('steps.analyze.data.a.all(x, x)').join(' && '), /more than 3 loops/],
    ['too many words', `"${'x'.repeat(600)}" == ""`, /longer than 500 characters/],
    ['too deep a nest', `${'('.repeat(80)}true${')'.repeat(80)} && ${'!'.repeat(200)}true`, /no valid expression/],
  ])('with %s is refused with a sentence', (_, expression, reason) => {
    expect(check(expression)).toMatch(reason);
    expect(check(expression)).toMatch(/\.$/);
    expect(() => evaluateCondition(expression, RESULTS)).toThrow(ConditionError);
  });

  it.each([
    ['asks for data that no answer gave', 'steps.analyze.data.risk > 1'],
    ['asks for data of an answer without any', 'steps.test.data.passed'],
    ['finds no truth in the data', 'steps.analyze.data.bugs'],
    ['reaches for a prototype', 'steps.analyze.data.constructor == null'],
    ['reaches for a prototype by its other name', 'steps.analyze.data.__proto__ == null'],
  ])('that %s cannot be decided, and says so', (_, expression) => {
    expect(() => evaluateCondition(expression, RESULTS)).toThrow(/^The condition “steps/);
  });

  const LONG = 'a'.repeat(49_999);
  const long = (values: number, chars = 100_000) => {
    const data = { l: Array.from({ length: values }, (_, i) => `${i}`.padEnd(Math.floor(chars / values) - 4, 'a')) };
    return { x: result({ text: `${LONG}b`, data }), y: result({ text: `${LONG}c`, data }) };
  };
  const [L, T] = ['steps.x.data.l', 'steps.x.text'];

  it.each([
    ['joined texts, for every value', `${L}.all(v, (${T} + ${T} + ${T} + ${T}).size() > 1)`],
    ['a text, for every value', `${L}.all(v, ${T}.size() > 1)`],
    ['a text in another case, for every value', `${L}.exists(v, ${T}.lowerAscii() == "b")`],
    ['a text searched for every value', Array(3).fill(`${L}.all(v, !${T}.contains(v + "b"))`).join(' && ')],
    ['a text behind a choice, for every value', `${L}.all(v, (v == "" ? ${T} : steps.y.text).size() > 1)`],
    ['a field by its name, for every value', `${L}.all(v, steps["x"]["text"].size() > 1)`],
    ['a list in a list', `${L}.all(v, v in steps.y.data.l)`],
    ['texts joined again and again', `(${Array(18).fill(T).join(' + ')}).size() > 1`],
    ['all data, for every value', `${L}.all(v, ${L}.size() > 1 && string(steps.y.data).size() > 1)`],
  ])('that handles %s is refused before anything runs, with what to do', (_, expression) => {
    expect(checkCondition(expression, ['x', 'y'])).toMatch(/too much text .* in a loop ask only about the values/);
    expect(() => evaluateCondition(expression, long(900))).toThrow(ConditionError);
  });

  it.each([
    `${T}.size() > 10`,
    `${T}.contains("bug") || ${T}.lowerAscii().contains("error") || steps.y.text.endsWith("done")`,
    `${T}.trim() == steps.y.text.trim()`,
    `${L}.all(v, v.size() > 1 && v.contains("a") && v != "b")`,
    `${L}.exists(v, v in ["a", "b", "c", "d"]) || ${L}.size() > 3`,
    `"a" in ${L} && ${L} == steps.y.data.l`,
    `${L}.filter(v, v == ${T}).size() == 0`,
    `${T} == ${T} + ""`,
    `${L}.all(v, v + v != "" && v.trim() == v)`,
  ])('that is asked usually is decided in a few ms at the most that there can be: %s', (expression) => {
    expect(checkCondition(expression, ['x', 'y'])).toBeUndefined();
    const most = long(900);
    evaluateCondition(expression, most);
    const startedAt = cpuMs();
    expect(typeof evaluateCondition(expression, most)).toBe('boolean');
    expect(cpuMs() - startedAt).toBeLessThan(150);
  });

  it('that searches for one long text in another is refused once it is known how long they are', () => {
    const search = `${T}.contains(steps.y.text)`;
    expect(checkCondition(search, ['x', 'y'])).toBeUndefined();
    expect(evaluateCondition(search, { x: result({ text: LONG }), y: result({ text: 'aaa' }) })).toBe(true);
    expect(() => evaluateCondition(search, long(1))).toThrow(/too much text/);
  });

  it('over more values or characters than are looked at is refused, unless it does not ask about them', () => {
    const tooMuch = result({ data: { l: Array(2_000).fill(1) } });
    expect(() => evaluateCondition('steps.x.data.l.all(v, v == 1)', { x: tooMuch })).toThrow(/1000 values/);
    const tooLong = result({ data: { l: ['a'.repeat(100_001)] } });
    expect(() => evaluateCondition('steps.x.data.l.all(v, v == "b")', { x: tooLong })).toThrow(/100000 characters/);
    expect(evaluateCondition('steps.y.status == "done"', { x: tooLong, y: result() })).toBe(true);
  });

  it('never breaks the reader, whatever it is', () => {
    const parts = fc.constantFrom(
      'steps',
      '.analyze',
      '.data',
      '(',
      ')',
      '&&',
      '!',
      '"x"',
      '1',
      ' in ',
      '.exists(x, x)',
      '==',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(parts).map((list) => list.join('')),
        ),
        (expression) => {
          const wrong = check(expression);
          try {
            expect(typeof evaluateCondition(expression, RESULTS)).toBe('boolean');
            expect(wrong).toBeUndefined();
          } catch (error) {
            expect(error).toBeInstanceOf(ConditionError);
          }
        },
      ),
    );
  });

  it('may be checked where nothing is known yet', () => {
    expect(checkCondition('true', [])).toBeUndefined();
    expect(checkCondition('steps.a.status == "done"', [])).toMatch(/not there/);
  });
});

describe('the data of an answer', () => {
  it.each([
    ['Found it.\n```json\n{"bugs": 3}\n```', { bugs: 3 }],
    ['```json\n{"bugs": 1}\n```\nand then\n```json\n{"bugs": 2}\n```', { bugs: 2 }],
    ['{"bugs": 3}', { bugs: 3 }],
    ['```json\n[1]\n```', null],
    ['```json\n{"bugs": 3}', null],
    ['```json\n{bugs}\n```', null],
    ['There are {three} bugs.', null],
    ['', null],
  ])('of %j is %j', (text, data) => {
    expect(dataIn(text)).toEqual(data);
  });

  it('reaches no prototype', () => {
    const data = dataIn('{"__proto__": {"admin": true}, "constructor": 1, "ok": {"__proto__": {"admin": true}}}');
    expect(data).toEqual({ ok: {} });
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });
});
