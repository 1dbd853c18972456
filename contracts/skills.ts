import { z } from 'zod';

/** A skill's name and its folder, as the open Agent Skills format wants it. */
export const SkillName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower case letters, digits and single - only, at most 64');
export type SkillName = z.infer<typeof SkillName>;

/** The front matter of a `SKILL.md`; fields that we do not know are let pass, as the format says. */
export const SkillFrontMatter = z.looseObject({
  name: SkillName,
  description: z.string().trim().min(1).max(1_024),
});
export type SkillFrontMatter = z.infer<typeof SkillFrontMatter>;

/** A skill ready to be offered by name and loaded whole. */
export const Skill = z.object({
  name: SkillName,
  description: z.string(),
  body: z.string(),
  source: z.enum(['built_in', 'organization']),
  /** What lies beside its `SKILL.md`, by its way from there. */
  files: z.array(z.string()),
});
export type Skill = z.infer<typeof Skill>;

/** The body of `PUT /api/skills/:name`: the text of a `SKILL.md`. */
export const SkillText = z.strictObject({ text: z.string().min(1).max(100_000) });
export type SkillText = z.infer<typeof SkillText>;

export const SkillView = Skill.extend({ updatedAt: z.string().nullable() });
export type SkillView = z.infer<typeof SkillView>;
