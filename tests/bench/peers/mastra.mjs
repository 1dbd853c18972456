import { randomUUID } from 'node:crypto';
import { createAnthropic } from '@ai-sdk/anthropic';
import { serve } from '@hono/node-server';
import { Mastra } from '@mastra/core';
import { Agent } from '@mastra/core/agent';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { PostgresStore } from '@mastra/pg';
import { Hono } from 'hono';
import pg from 'pg';
import { z } from 'zod';

/** The agent job as a service on Mastra: durable by its workflow’s snapshots in Postgres, budget and approval written by hand. */
const { DATABASE_URL, ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY, PORT } = process.env;
const AGENTS = {
  brand: 'You are Brand, the specialist for how the company looks, sounds and is recognised.',
  marketing: 'You are Marketing, the specialist for telling the right people about the product.',
  finance: 'You are Finance, the specialist for the company’s money.',
};
/** What a call is reserved at, and what a token costs, in cents. */
const RESERVED_CENTS = 2;
const CENTS_PER_TOKEN = { input: 0.0003, output: 0.0015 };

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });
await pool.query(`
  create table if not exists jobs (
    id uuid primary key, message text not null, require_approval boolean not null,
    approved boolean, status text not null default 'running', result text
  );
  create table if not exists calls (
    job_id uuid references jobs, agent text, cents numeric not null, answer text, primary key (job_id, agent)
  );
  create table if not exists budgets (
    id text primary key, limit_cents numeric not null, reserved_cents numeric not null, spent_cents numeric not null
  );
  insert into budgets values ('organization', 100000000000, 0, 0) on conflict do nothing;
`);

/** Takes the money of one call, once; answers what the call has said when it was made before. */
async function reserve(jobId, agent) {
  const { rowCount } = await pool.query(
    `with taken as (
       update budgets set reserved_cents = reserved_cents + $3
       where id = 'organization' and spent_cents + reserved_cents + $3 <= limit_cents
         and not exists (select from calls where job_id = $1 and agent = $2)
       returning 1)
     insert into calls (job_id, agent, cents) select $1, $2, $3 from taken`,
    [jobId, agent, RESERVED_CENTS],
  );
  if (rowCount === 1) return undefined;
  const { rows } = await pool.query('select answer from calls where job_id = $1 and agent = $2', [jobId, agent]);
  if (rows.length === 0) throw new Error('The budget is used up.');
  return rows[0].answer ?? undefined;
}

async function settle(jobId, agent, answer, cents) {
  await pool.query(
    `with settled as (
       update calls set answer = $3, cents = $4 where job_id = $1 and agent = $2 and answer is null returning 1)
     update budgets set reserved_cents = reserved_cents - $5, spent_cents = spent_cents + $4
     from settled where id = 'organization'`,
    [jobId, agent, answer, cents, RESERVED_CENTS],
  );
}

const anthropic = createAnthropic({ baseURL: `${ANTHROPIC_BASE_URL}/v1`, apiKey: ANTHROPIC_API_KEY });
const Job = z.object({ jobId: z.string(), message: z.string(), requireApproval: z.boolean() });
const Answer = z.object({ text: z.string() });
const Result = z.object({ result: z.string().optional() });
const names = Object.keys(AGENTS);
const agents = Object.fromEntries(
  Object.entries(AGENTS).map(([id, instructions]) => [
    id,
    new Agent({ id, name: id, instructions, model: anthropic('claude-sonnet-4-5') }),
  ]),
);

const approve = createStep({
  id: 'approve',
  inputSchema: Job,
  outputSchema: Job,
  suspendSchema: z.object({ question: z.string() }),
  resumeSchema: z.object({ approved: z.boolean() }),
  execute: async ({ inputData, resumeData, suspend, bail }) => {
    if (resumeData?.approved === false) return bail({});
    if (!inputData.requireApproval || resumeData) return inputData;
    return suspend({ question: `Ask ${names.join(', ')}: ${inputData.message}?` });
  },
});

const ask = (agent) =>
  createStep({
    id: agent,
    inputSchema: Job,
    outputSchema: Answer,
    execute: async ({ inputData: { jobId, message } }) => {
      const known = await reserve(jobId, agent);
      if (known !== undefined) return { text: known };
      const { text, usage } = await agents[agent].generate(message, { modelSettings: { maxOutputTokens: 1024 } });
      const cents = usage.inputTokens * CENTS_PER_TOKEN.input + usage.outputTokens * CENTS_PER_TOKEN.output;
      await settle(jobId, agent, text, cents);
      return { text };
    },
  });

const merge = createStep({
  id: 'merge',
  inputSchema: z.object(Object.fromEntries(names.map((agent) => [agent, Answer]))),
  outputSchema: Result,
  execute: async ({ inputData }) => ({
    result: names.map((agent) => `## ${agent}\n${inputData[agent].text}`).join('\n\n'),
  }),
});

const workflow = createWorkflow({ id: 'job', inputSchema: Job, outputSchema: Result })
  .then(approve)
  .parallel(names.map(ask))
  .then(merge)
  .commit();
const storage = new PostgresStore({ id: 'store', pool });
await storage.init();
const mastra = new Mastra({ agents, workflows: { job: workflow }, storage, logger: false });

/** Keeps where a job stands when it has ended or waits for a person. */
async function keep(jobId, { status: outcome, result: output, error }) {
  if (outcome === 'failed') throw error;
  const result = outcome === 'success' ? output.result : undefined;
  const status = outcome === 'suspended' ? 'waiting' : result === undefined ? 'refused' : 'completed';
  await pool.query('update jobs set status = $2, result = $3 where id = $1', [jobId, status, result]);
  return { id: jobId, status, result };
}

const runOf = (jobId) => mastra.getWorkflow('job').createRun({ runId: jobId });
const start = async ({ id, message, require_approval }) => {
  const run = await runOf(id);
  return keep(id, await run.start({ inputData: { jobId: id, message, requireApproval: require_approval } }));
};
const decide = async (jobId, approved) => {
  const run = await runOf(jobId);
  return keep(jobId, await run.resume({ step: 'approve', resumeData: { approved } }));
};
/** A run that was going on is done again from its last snapshot, in which a decision may not be yet. */
async function goOn(job) {
  const known = await mastra.getWorkflow('job').getWorkflowRunById(job.id);
  if (!known) return start(job);
  const outcome = known.status === 'running' ? await (await runOf(job.id)).restart() : known;
  return outcome.status === 'suspended' && job.approved !== null ? decide(job.id, job.approved) : keep(job.id, outcome);
}

const tell = (error) => process.stderr.write(`${error.stack}\n`);

/** Goes on with what was under way when the process ended. */
async function recover() {
  const { rows } = await pool.query(`select * from jobs where status = 'running'`);
  for (const job of rows) goOn(job).catch(tell);
}

async function read(jobId) {
  const { rows } = await pool.query('select id, status, result from jobs where id = $1', [jobId]);
  return rows[0];
}

const app = new Hono();
/** Whoever names the job may ask again after a lost answer: the same id is the same job. */
app.post('/jobs', async (c) => {
  const { id = randomUUID(), message, requireApproval = false } = await c.req.json();
  const { rows } = await pool.query(
    'insert into jobs (id, message, require_approval) values ($1, $2, $3) on conflict do nothing returning *',
    [id, message, requireApproval],
  );
  return c.json(rows[0] ? await start(rows[0]) : await read(id));
});
app.post('/jobs/:id/decision', async (c) => {
  const [id, { approved }] = [c.req.param('id'), await c.req.json()];
  const { rowCount } = await pool.query(
    `update jobs set approved = $2, status = 'running' where id = $1 and status = 'waiting'`,
    [id, approved],
  );
  if (rowCount === 0) return c.json({ error: 'The job does not wait for a decision.' }, 409);
  return c.json(await decide(id, approved));
});
app.get('/jobs/:id', async (c) => c.json((await read(c.req.param('id'))) ?? { error: 'No such job.' }));

await recover();
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) });
