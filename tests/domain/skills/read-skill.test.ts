import { describe, expect, it } from '@jest/globals';
import { MAX_SKILL, readSkill } from '../../../domain/skills/read-skill.ts';
import { cpuMs } from '../../support/cpu-clock.ts';

const skill = (head: string, body = '\n# Do it\n\nWell.\n') => `---\n${head}\n---\n${body}`;
const GOOD = 'name: tidy-up\ndescription: Tidies up.';

describe('a SKILL.md', () => {
  it('is its name, its description in one line and its instructions', () => {
    const text = skill(
      'name: tidy-up\ndescription: >\n  Tidies up\n  what is there.\nlicense: MIT\nmetadata: { a: b }',
    );
    expect(readSkill(text, 'tidy-up')).toEqual({
      name: 'tidy-up',
      description: 'Tidies up what is there.',
      body: '# Do it\n\nWell.',
    });
  });

  it('may come from Windows, with a byte order mark, and hold lines of dashes', () => {
    const text = `\uFEFF${skill(GOOD, 'One\n\n---\n\nTwo')}`.replaceAll('\n', '\r\n');
    expect(readSkill(text, 'tidy-up')).toMatchObject({ name: 'tidy-up', body: 'One\r\n\r\n---\r\n\r\nTwo' });
    expect(readSkill(skill('name: tidy-up\ndescription: Before---after'), 'tidy-up')).toMatchObject({
      description: 'Before---after',
    });
  });

  it.each<[string, string, number, RegExp]>([
    ['has no front matter', '# Just words', 1, /does not begin with front matter/],
    ['never ends its front matter', `---\n${GOOD}\n`, 1, /does not begin with front matter/],
    ['has no name', skill('description: Tidies up.'), 2, /^name: /],
    ['has no description', skill('name: tidy-up'), 2, /^description: /],
    ['has an empty description', skill('name: tidy-up\nlicense: MIT\ndescription: " "'), 4, /^description: /],
    ['has a long description', skill(`name: tidy-up\ndescription: ${'x'.repeat(1_025)}`), 3, /^description: .*1024/],
    ['has a name with capitals', skill('description: x\nname: Tidy-Up'), 3, /^name: lower case/],
    ['has another name', skill('description: x\n\nname: tidy-down'), 4, /is tidy-down, but has to be tidy-up/],
    ['has a number as its name', skill('name: 7\ndescription: x'), 2, /^name: .*string/],
    ['is a list', skill('- name: tidy-up'), 2, /front matter: .*object/],
    ['is no YAML', skill(`${GOOD}\nlicense: "open`), 4, /is not YAML/],
    ['says a thing twice', skill(`${GOOD}\nname: tidy-up`), 4, /is not YAML: Map keys must be unique/],
    ['has no instructions', skill(GOOD, '\n \n'), 4, /no instructions/],
    ['is too long', skill(GOOD, 'x'.repeat(MAX_SKILL)), 1, /more than 100,000 characters/],
  ])('that %s says so with the line', (_what, text, line, message) => {
    expect(readSkill(text, 'tidy-up')).toEqual({ mistakes: [{ line, message: expect.stringMatching(message) }] });
  });

  it('tells every mistake at once', () => {
    const reading = readSkill(skill('name: A\ndescription: ""', ''), 'a');
    expect(reading).toMatchObject({ mistakes: [{ line: 2 }, { line: 3 }, { line: 4 }] });
  });

  it.each([
    [
      'aliases without end',
      ['a0: &a0 [x]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)].join('\n'),
    ],
    ['brackets without bottom', `a: ${'['.repeat(40_000)}`],
    ['a prototype', `${GOOD}\n__proto__: { admin: true }\n? [a]\n: b`],
  ])('with %s in it harms nobody', (_what, head) => {
    const before = cpuMs();
    const reading = readSkill(skill(head), 'tidy-up');
    expect(cpuMs() - before).toBeLessThan(2_000);
    expect('mistakes' in reading || reading.name === 'tidy-up').toBe(true);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});
