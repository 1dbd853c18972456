import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  findSkills,
  HOUSE_SKILLS,
  loadSkills,
  openSkills,
  type SkillProblem,
} from '../../../domain/skills/catalogue.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skills-'));
});

function put(name: string, { description = `Does ${name}.`, body = 'Do it.', called = name } = {}) {
  mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, name, 'SKILL.md'), `---\nname: ${called}\ndescription: ${description}\n---\n${body}\n`);
}

describe('a folder of skills', () => {
  it('has every skill by name, and what lies beside it', () => {
    put('b-skill');
    put('a-skill', { body: 'See the template.' });
    mkdirSync(join(dir, 'a-skill', 'templates'));
    writeFileSync(join(dir, 'a-skill', 'templates', 'one.md'), 'x');
    writeFileSync(join(dir, 'a-skill', '.hidden'), 'x');
    writeFileSync(join(dir, 'README.md'), 'no skill');
    expect([...loadSkills(dir).values()]).toEqual([
      {
        name: 'a-skill',
        description: 'Does a-skill.',
        body: 'See the template.',
        source: 'built_in',
        files: ['templates/one.md'],
      },
      { name: 'b-skill', description: 'Does b-skill.', body: 'Do it.', source: 'built_in', files: [] },
    ]);
  });

  it('stops the start with every problem of every skill, each with file and line', () => {
    put('good');
    put('wrong', { called: 'right', body: '' });
    put('no-words', { description: '""' });
    mkdirSync(join(dir, 'empty'));
    const problems = [
      'empty/SKILL.md:1: is missing',
      'no-words/SKILL.md:3: description: ',
      'wrong/SKILL.md:2: name: is right, but has to be wrong',
      'wrong/SKILL.md:4: has no instructions',
    ];
    for (const problem of problems) expect(() => openSkills(dir)).toThrow(problem);
    expect([...findSkills(dir).skills.keys()]).toEqual(['good']);
  });

  it('of the product is in order, and says when each is used', () => {
    const skills = [...loadSkills(HOUSE_SKILLS).values()];
    expect(skills.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['incident-report', 'meeting-to-tasks', 'release-notes', 'weekly-report']),
    );
    for (const { description, body } of skills) {
      expect(description).toMatch(/\bUse it for\b/);
      expect(body.split(/\s+/).length).toBeLessThan(600);
    }
  });
});

describe('an open catalogue', () => {
  const openAt = () => {
    const clock = { now: 0 };
    const told: (readonly SkillProblem[])[] = [];
    const catalogue = openSkills(dir, { now: () => clock.now, onProblems: (problems) => void told.push(problems) });
    return { catalogue, told, later: () => void (clock.now += 2_000), soon: () => void (clock.now += 1_999) };
  };
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

  it('sees what is new, changed and gone, without a restart', () => {
    put('one');
    put('two');
    const { catalogue, later, told } = openAt();
    put('three');
    put('two', { body: 'Do it better.' });
    rmSync(join(dir, 'one'), { recursive: true });
    later();
    expect(names(catalogue.list())).toEqual(['three', 'two']);
    expect(catalogue.find('two')?.body).toBe('Do it better.');
    expect(catalogue.find('one')).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('looks every two seconds at most', () => {
    put('one');
    const { catalogue, soon, later } = openAt();
    put('two');
    soon();
    expect(names(catalogue.list())).toEqual(['one']);
    later();
    expect(names(catalogue.list())).toEqual(['one', 'two']);
  });

  it('keeps a skill as it was while it is broken, says so once, and takes the others', () => {
    put('one');
    const { catalogue, told, later } = openAt();
    put('one', { called: 'other', body: 'Broken.' });
    put('two');
    for (let look = 0; look < 3; look++) {
      later();
      expect(catalogue.list()).toMatchObject([{ name: 'one', body: 'Do it.' }, { name: 'two' }]);
    }
    expect(told).toEqual([[{ file: 'one/SKILL.md', line: 2, message: 'name: is other, but has to be one' }]]);
    put('one', { body: 'Mended, and well.' });
    later();
    expect(catalogue.find('one')?.body).toBe('Mended, and well.');
  });

  it('sees files that come to lie beside a skill', () => {
    put('one');
    const { catalogue, later } = openAt();
    writeFileSync(join(dir, 'one', 'form.md'), 'x');
    later();
    expect(catalogue.find('one')?.files).toEqual(['form.md']);
  });

  it('stays as it was when the folder cannot be read', () => {
    put('one');
    const { catalogue, told, later } = openAt();
    rmSync(dir, { recursive: true });
    later();
    expect(names(catalogue.list())).toEqual(['one']);
    expect(told).toHaveLength(1);
  });
});
