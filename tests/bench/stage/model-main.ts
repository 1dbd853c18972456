import { listen, parseObject, readBody, sendJson } from '../../../dev/fakes/http-server.ts';

/**
 * A model in a process of its own that answers at once, with as little work as possible; `POST /_delays` slows it,
 * `POST /_limited` names keys that get 429, `POST /_calls` tells how many calls were answered so far.
 */
const ANALYSIS = JSON.stringify({
  intent: 'content',
  entities: [],
  category: 'quick',
  skills: [],
  confidence: 0.9,
  language: 'en',
  agents: ['brand', 'marketing', 'finance'].map((agent) => ({ agent, relevance: 0.6 })),
  mode: 'parallel',
});
const ANSWER = 'A short answer, as long as a bare result would be: one hundred characters of text.\nCONFIDENCE: 0.8';

/** A plan with as many steps as its request says, in a chain or at once. */
function planFor(request: string): string {
  const [, count = '1', shape] = /(\d+) steps (in a chain|at once)/.exec(request) ?? [];
  const steps = Array.from({ length: Number(count) }, (_, nth) => ({
    id: `step_${nth + 1}`,
    kind: 'agent',
    agent: 'support',
    title: `Part ${nth + 1} of the work`,
    instruction: `Do part ${nth + 1} of the work and write down what came of it.`,
    category: null,
    tool: null,
    needs: shape === 'in a chain' && nth > 0 ? [`step_${nth}`] : [],
    when: null,
    risk: 'read',
  }));
  return JSON.stringify({ goal: 'Do all parts of the work', steps });
}

/** Ms that an analysis takes, and the answers of agents in turn. */
let delays = { analysis: 0, answers: [0] };
let answered = 0;
let calls = 0;
let limited: ReadonlySet<string> = new Set();

const LIMITED = { type: 'error', error: { type: 'rate_limit_error', message: 'Too many requests.' } };

const message = (model: unknown, text: string) => ({
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 200, output_tokens: 30, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
});

await listen(async (req, res) => {
  const body = parseObject((await readBody(req)) ?? '') ?? {};
  if (req.url === '/_delays') {
    delays = { analysis: Number(body['analysis']), answers: (body['answers'] as number[]).map(Number) };
    return sendJson(res, 200, {});
  }
  if (req.url === '/_limited') {
    limited = new Set(body['keys'] as string[]);
    return sendJson(res, 200, {});
  }
  if (req.url === '/_calls') return sendJson(res, 200, { calls });
  if (limited.has(String(req.headers['x-api-key']))) return sendJson(res, 429, LIMITED);
  calls++;
  const format = JSON.stringify(body['output_config'] ?? '');
  const isPlan = format.includes('"steps"');
  const isAnalysis = format.length > 2 && !isPlan;
  const waitMs = isAnalysis ? delays.analysis : (delays.answers[answered++ % delays.answers.length] ?? 0);
  const send = () =>
    sendJson(
      res,
      200,
      message(body['model'], isPlan ? planFor(JSON.stringify(body['messages'])) : isAnalysis ? ANALYSIS : ANSWER),
    );
  if (waitMs > 0) setTimeout(send, waitMs);
  else send();
}, Number(process.argv[2]));
process.once('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
