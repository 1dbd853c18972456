import { describe, expect, it } from '@jest/globals';
import type { Skill } from '../../../contracts/agents.ts';
import { LOAD_SKILL, loadSkill, loadSkillTool, offeredSkills, skillsPrompt } from '../../../domain/skills/offer.ts';

const skill = (name: string, more: Partial<Skill> = {}): Skill => ({
  name,
  description: `Does ${name}.`,
  body: `How to do ${name}.`,
  source: 'built_in',
  files: [],
  ...more,
});
const own = (name: string, more: Partial<Skill> = {}) => skill(name, { source: 'organization', ...more });
const ALL = { skills: ['*'] };
const NOTHING = { message: '', named: [] };
const names = (skills: readonly Skill[]) => skills.map(({ name }) => name);

describe('the skills that an agent is offered', () => {
  it('are those that its list allows, by name', () => {
    const nubabel = [skill('release-notes'), skill('incident-report'), skill('incident-call'), skill('weekly-report')];
    expect(names(offeredSkills(ALL, NOTHING, nubabel, []))).toEqual(names(nubabel).sort());
    expect(names(offeredSkills({ skills: ['incident-*', 'weekly-report'] }, NOTHING, nubabel, []))).toEqual([
      'incident-call',
      'incident-report',
      'weekly-report',
    ]);
    expect(offeredSkills({ skills: [] }, { message: '', named: ['release-notes'] }, nubabel, [])).toEqual([]);
  });

  it('are the organization’s own where it has one of the same name', () => {
    const offered = offeredSkills(ALL, NOTHING, [skill('a'), skill('b')], [own('b', { body: 'Our way.' }), own('c')]);
    expect(offered).toMatchObject([{ name: 'a' }, { name: 'b', body: 'Our way.' }, { name: 'c' }]);
  });

  it.each([
    ['the analysis', { message: 'Do it', named: ['Z Wanted'] }],
    ['the request', { message: 'Wanted: the report from Z', named: [] }],
  ])('stay within bounds; those that %s names and the own ones come before the rest', (_, request) => {
    const many = Array.from({ length: 60 }, (_, i) => skill(`a-${i}`, { description: 'x'.repeat(1_000) }));
    const offered = offeredSkills(ALL, request, [...many, skill('z-wanted')], [own('y-own')]);
    expect(names(offered)).toEqual(expect.arrayContaining(['y-own', 'z-wanted']));
    expect(names(offered)).toEqual(names(offered).toSorted());
    expect(skillsPrompt(offered).length).toBeLessThan(8_500);
    expect(offered.length).toBeGreaterThan(5);
  });

  it('are a short list in the prompt, and nothing when there are none', () => {
    expect(skillsPrompt([skill('a')])).toBe(
      `When one of these skills fits the work, load it with ${LOAD_SKILL} before you begin:\n- a: Does a.`,
    );
    expect(skillsPrompt([])).toBe('');
    expect(loadSkillTool.name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});

describe('loading a skill', () => {
  it('gives the whole of it, and what lies beside it', () => {
    const { text, isError } = loadSkill({ name: 'a' }, [skill('a', { files: ['form.md'] })]);
    expect(text).toBe('# Skill: a\n\nHow to do a.\n\nFiles beside it, which you cannot read: form.md');
    expect(isError).toBe(false);
  });

  it.each([[{ name: 'b' }], [{}], [{ name: ['a'] }], [{ name: '../a' }]])('of %j says which there are', (input) => {
    const { text, isError } = loadSkill(input, [skill('a')]);
    expect(isError).toBe(true);
    expect(text).toContain('Offered: a.');
  });

  it('gives 100 KB at most, cut at a letter', () => {
    const { text } = loadSkill({ name: 'a' }, [skill('a', { body: '가나'.repeat(30_000) })]);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100 * 1_024);
    expect(Buffer.byteLength(text)).toBeGreaterThan(100 * 1_024 - 100);
    expect(text).not.toContain('\uFFFD');
    expect(text).toMatch(/too long\.\]$/);
  });
});
