import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { SkillText, SkillView } from '../../contracts/agents.ts';
import type { ApiEnv } from '../deps.ts';
import { adminsOnly } from '../middleware/authenticate.ts';
import {
  getSkill,
  listAllSkills,
  removeSkill,
  setSkill,
  type SkillDeps,
} from '../../domain/skills/organization-skills.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const common = { tags: ['Skills'], security: BEARER };
const params = z.object({ skillName: z.string() });
const View = SkillView.meta({ id: 'Skill' });
const Listed = SkillView.omit({ body: true }).meta({ id: 'ListedSkill' });

const getSkills = createRoute({
  ...common,
  method: 'get',
  path: '/skills',
  summary: 'The skills that agents may load',
  description: 'Those of the house and your own. One of your own stands in for the house’s of the same name.',
  responses: { 200: jsonResponse(z.object({ skills: z.array(Listed) }), 'By name, without their texts'), ...PROBLEMS },
});

const getSkillRoute = createRoute({
  ...common,
  method: 'get',
  path: '/skills/{skillName}',
  summary: 'One skill, whole',
  request: { params },
  responses: { 200: jsonResponse(View, 'The skill'), ...PROBLEMS },
});

const putSkillRoute = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'put',
  path: '/skills/{skillName}',
  summary: 'Make or replace a skill of your own',
  description:
    'The text is that of a `SKILL.md`: front matter with `name` (the one in the address) and `description`, then the instructions. It takes effect with the next turn of an agent.',
  request: {
    params,
    body: { required: true, content: { 'application/json': { schema: SkillText.meta({ id: 'SkillText' }) } } },
  },
  responses: { 200: jsonResponse(View, 'The skill as it is now'), ...PROBLEMS },
});

const deleteSkillRoute = createRoute({
  ...common,
  middleware: [adminsOnly] as const,
  method: 'delete',
  path: '/skills/{skillName}',
  summary: 'Delete a skill of your own',
  description: 'If it stood in for one of the house, that one is back. Skills of the house cannot be deleted.',
  request: { params },
  responses: { 204: { description: 'It is gone' }, ...PROBLEMS },
});

/** Know-how that agents load when they need it. */
export const skillRoutes = (deps: SkillDeps) =>
  new OpenAPIHono<ApiEnv>({ defaultHook: refuse })
    .openapi(getSkills, async (c) => {
      const skills = await listAllSkills(deps, c.get('principal').organizationId);
      return c.json({ skills: skills.map((skill) => Listed.parse(skill)) }, 200);
    })
    .openapi(getSkillRoute, async (c) => {
      const { organizationId } = c.get('principal');
      return c.json(await getSkill(deps, organizationId, c.req.valid('param').skillName), 200);
    })
    .openapi(putSkillRoute, async (c) => {
      const { skillName } = c.req.valid('param');
      return c.json(await setSkill(deps, c.get('principal'), skillName, c.req.valid('json').text), 200);
    })
    .openapi(deleteSkillRoute, async (c) => {
      await removeSkill(deps, c.get('principal'), c.req.valid('param').skillName);
      return c.body(null, 204);
    });
