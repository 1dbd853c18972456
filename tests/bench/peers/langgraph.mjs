import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { ChatAnthropic } from '@langchain/anthropic';
import { Annotation, Command, END, interrupt, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { Hono } from 'hono';
import pg from 'pg';

/** The agent job as a service on LangGraph: durable by its Postgres checkpointer, budget and approval written by hand. */
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

const model = new ChatAnthropic({
  model: 'claude-sonnet-4-5',
  maxTokens: 1024,
  apiKey: ANTHROPIC_API_KEY,
  anthropicApiUrl: ANTHROPIC_BASE_URL,
});

const State = Annotation.Root({
  jobId: Annotation(),
  message: Annotation(),
  requireApproval: Annotation(),
  approved: Annotation(),
  answers: Annotation({ reducer: (all, more) => ({ ...all, ...more }), default: () => ({}) }),
  result: Annotation(),
});

const ask = (agent) => async (state) => {
  const known = await reserve(state.jobId, agent);
  if (known !== undefined) return { answers: { [agent]: known } };
  const reply = await model.invoke([
    ['system', AGENTS[agent]],
    ['human', state.message],
  ]);
  const { input_tokens: input, output_tokens: output } = reply.usage_metadata;
  await settle(state.jobId, agent, reply.text, input * CENTS_PER_TOKEN.input + output * CENTS_PER_TOKEN.output);
  return { answers: { [agent]: reply.text } };
};

const merge = ({ answers }) => ({
  result: Object.keys(AGENTS)
    .map((agent) => `## ${agent}\n${answers[agent]}`)
    .join('\n\n'),
});

const names = Object.keys(AGENTS);
const builder = new StateGraph(State)
  .addNode('approve', ({ message }) => ({ approved: interrupt({ question: `Ask ${names.join(', ')}: ${message}?` }) }))
  .addNode('merge', merge)
  .addConditionalEdges(START, ({ requireApproval }) => (requireApproval ? 'approve' : names), ['approve', ...names])
  .addConditionalEdges('approve', ({ approved }) => (approved ? names : END), [...names, END])
  .addEdge('merge', END);
for (const agent of names) builder.addNode(agent, ask(agent));
builder.addEdge(names, 'merge');

const checkpointer = new PostgresSaver(pool);
await checkpointer.setup();
const graph = builder.compile({ checkpointer });
/** `sync`: the next step begins when the one before is written. */
const configOf = (jobId) => ({ configurable: { thread_id: jobId }, durability: 'sync' });

/** Runs a job until it ends or waits for a person, and keeps where it stands. */
async function run(jobId, input) {
  const state = await graph.invoke(input, configOf(jobId));
  const waits = state.__interrupt__ !== undefined;
  const status = waits ? 'waiting' : state.result === undefined ? 'refused' : 'completed';
  await pool.query('update jobs set status = $2, result = $3 where id = $1', [jobId, status, state.result]);
  return { id: jobId, status, result: state.result };
}

const inputOf = ({ id, message, require_approval }) => ({ jobId: id, message, requireApproval: require_approval });

const tell = (error) => process.stderr.write(`${error.stack}\n`);

/** Goes on with what was under way when the process ended. */
async function recover() {
  const { rows } = await pool.query(`select * from jobs where status = 'running'`);
  for (const job of rows) {
    const { values, tasks } = await graph.getState(configOf(job.id));
    const begun = values.jobId !== undefined;
    const asked = tasks.some(({ interrupts }) => interrupts.length > 0);
    const next = asked && job.approved !== null ? new Command({ resume: job.approved }) : null;
    run(job.id, begun ? next : inputOf(job)).catch(tell);
  }
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
  return c.json(rows[0] ? await run(rows[0].id, inputOf(rows[0])) : await read(id));
});
app.post('/jobs/:id/decision', async (c) => {
  const [id, { approved }] = [c.req.param('id'), await c.req.json()];
  const { rowCount } = await pool.query(
    `update jobs set approved = $2, status = 'running' where id = $1 and status = 'waiting'`,
    [id, approved],
  );
  if (rowCount === 0) return c.json({ error: 'The job does not wait for a decision.' }, 409);
  return c.json(await run(id, new Command({ resume: approved })));
});
app.get('/jobs/:id', async (c) => c.json((await read(c.req.param('id'))) ?? { error: 'No such job.' }));

await recover();
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) });
