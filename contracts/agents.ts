import { z } from 'zod';

/**
 * The agents that the local router was trained on, in the order people see: eight specialists and `general`, which takes
 * what fits none of them. `agents/` may hold others, which requests can name and models can choose.
 */
export const TRAINED_AGENTS = [
  'brand',
  'marketing',
  'ops',
  'product',
  'engineering',
  'support',
  'growth',
  'finance',
  'general',
] as const;
export type TrainedAgent = (typeof TRAINED_AGENTS)[number];

/** The name of a file in `agents/`. Which ones there are, only those who have loaded them know. */
export const AgentId = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'is no id of an agent: write lower case letters, digits and single -');
export type AgentId = z.infer<typeof AgentId>;

/** One of the agents that are there. */
export const agentAmong = (ids: Iterable<AgentId>) => z.enum([...ids]);

export const CATEGORIES = ['quick', 'ultrabrain', 'visual-engineering', 'artistry'] as const;
export const Category = z.enum(CATEGORIES);
export type Category = z.infer<typeof Category>;

/** Which model an agent thinks with; the ids behind the tiers come from configuration. */
export const TIERS = ['fast', 'balanced', 'deep'] as const;
export const Tier = z.enum(TIERS);
export type Tier = z.infer<typeof Tier>;

export const Language = z.enum(['en', 'ko']);
export type Language = z.infer<typeof Language>;

/**
 * What an agent may call: `slug__tool`, `slug__*` (the slug, or the provider of a connection that has another slug),
 * `remote` (every tool of a connection to a server that is not one of ours) or `*`.
 */
export const ToolPattern = z
  .string()
  .regex(
    /^(?:\*|remote|[a-z][a-z0-9]*(?:_[a-z0-9]+)*__(?:\*|[A-Za-z0-9_-]{1,61}))$/,
    'is no list of tools: write slug__tool, slug__*, remote or *',
  );
export type ToolPattern = z.infer<typeof ToolPattern>;

/** What an agent may load: a skill's name, `prefix-*` or `*`. */
export const SkillPattern = z
  .string()
  .regex(/^(?:\*|[a-z0-9]+(?:-[a-z0-9]+)*(?:-\*)?)$/, 'is no list of skills: write a name, prefix-* or *');
export type SkillPattern = z.infer<typeof SkillPattern>;

/** The front matter of `agents/<id>.md`; the text below it is the agent's system prompt. */
export const AgentFrontMatter = z.strictObject({
  name: z.string().min(1).max(40),
  description: z.string().min(1).max(300),
  category: Category,
  tier: Tier,
  tools: z.array(ToolPattern).default([]),
  skills: z.array(SkillPattern).default([]),
});
export type AgentFrontMatter = z.infer<typeof AgentFrontMatter>;

export const AgentDefinition = AgentFrontMatter.extend({ id: AgentId, prompt: z.string().min(1) });
export type AgentDefinition = z.infer<typeof AgentDefinition>;

/** An agent as people may see it; the answer of `GET /api/agents` lists them. */
export const AgentView = AgentDefinition.pick({ id: true, name: true, description: true, category: true, tier: true });
export type AgentView = z.infer<typeof AgentView>;

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
