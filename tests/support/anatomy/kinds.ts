import type { Responder } from '../../../dev/fakes/model/index.ts';
import { textHashOf } from '../../../domain/routing/text.ts';
import { json } from '../doors.ts';
import { once, plannedBy, specialist } from '../replies.ts';
import { CHANNEL, PERSON, PROVIDER, type Subject } from './subject.ts';

/** One kind of request: what the model says to it, and who does what. */
export interface RequestKind {
  readonly title: string;
  readonly respond: Responder;
  /** Plays all that people do; resolves with the job when they have nothing more to do. `nth` makes its words its own. */
  play(subject: Subject, nth: number): Promise<string>;
}

/** Words that the local router is unsure of, so that the model's analysis decides. */
const UNCLEAR = 'Zorbling the quux of';
/** Words that it is sure of. */
const CLEAR = 'Fix the bug in the login API and write a test for it, case';

/**
 * Words that nobody has used before. Decisions about one in sixteen, by the hash of its words, also clear the cache of what
 * has expired: such words are passed over.
 */
function wordsFor(words: string, nth: number): string {
  const text = `${words} ${nth}`;
  return textHashOf(text).startsWith('0') ? wordsFor(`${words} ${nth}`, nth) : text;
}

const ask =
  (words: string, more: Parameters<Subject['nubabel']['ask']>[1] = {}) =>
  async ({ nubabel }: Subject, nth: number): Promise<string> =>
    (await nubabel.ask(wordsFor(words, nth), more)).jobId;

const agents = (...names: string[]) => specialist({ agents: names.map((agent) => ({ agent, relevance: 0.6 })) });

const callTool =
  (tool: string) =>
  async ({ nubabel }: Subject, nth: number): Promise<string> => {
    // Nobody waits: how often whoever waits looks depends on how many wake-ups are told at once.
    const body = json({ arguments: { nth: `call ${nth}` }, waitMs: 0 });
    const answer = await nubabel.request(`/api/tools/${PROVIDER}__${tool}/call`, body);
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { jobId: string }).jobId;
  };

/** Every kind by the name under which its numbers are kept. */
export const KINDS: Readonly<Record<string, RequestKind>> = {
  'one-agent': {
    title: 'one agent over REST, whom the model chooses',
    respond: agents('support'),
    play: ask(UNCLEAR),
  },
  'one-agent-clear': {
    title: 'one agent over REST, of whom the local router is sure',
    respond: agents('engineering'),
    play: ask(CLEAR),
  },
  'one-agent-again': {
    title: 'one agent over REST, in words that the model has decided about before: no analysis',
    respond: agents('support'),
    play: async ({ nubabel }) => (await nubabel.ask(UNCLEAR)).jobId,
  },
  'one-agent-named': {
    title: 'one agent over REST, named by the caller: no analysis',
    respond: agents('support'),
    play: ask(UNCLEAR, { agents: ['support'] }),
  },
  'three-agents': {
    title: 'three agents at once over REST, chosen by the model',
    respond: agents('brand', 'marketing', 'finance'),
    play: ask(UNCLEAR),
  },
  'slack-mention': {
    title: 'a mention in Slack, one agent, whom the model chooses',
    respond: agents('support'),
    play: mention(UNCLEAR),
  },
  'slack-mention-clear': {
    title: 'a mention in Slack, one agent, of whom the local router is sure',
    respond: agents('engineering'),
    play: mention(CLEAR),
  },
  'plan-approved': {
    title: 'a plan of one step that a person approves over REST',
    respond: plannedBy([{ id: 'part', agent: 'support' }]),
    play: async (subject, nth) => {
      const jobId = await ask(UNCLEAR, { plan: 'always' })(subject, nth);
      await approve(subject, jobId);
      return jobId;
    },
  },
  'tool-read': {
    title: 'one call of a tool that reads, over REST',
    respond: agents('support'),
    play: callTool('look'),
  },
  'tool-change': {
    title: 'one call of a tool that changes something, over REST',
    respond: agents('support'),
    play: callTool('change'),
  },
  'agent-tool': {
    title: 'one agent, named by the caller, that calls a tool once',
    respond: (request) => once(`${PROVIDER}__look`, { about: 'it' })(request) ?? agents('support')(request),
    play: ask(UNCLEAR, { agents: ['support'] }),
  },
};

function mention(words: string): RequestKind['play'] {
  return async ({ nubabel, watch }, nth) => {
    // What Slack has said of a person is believed for a minute, and Slack's own limits hold back who says much; what that
    // costs is another matter.
    await watch.look(`update users set slack_checked_at = now() + interval '1 day' where slack_user_id = $1`, [PERSON]);
    await watch.look('delete from slack_buckets');
    const { settled, ts } = await nubabel.slack.mention({ user: PERSON, channel: CHANNEL, text: wordsFor(words, nth) });
    await settled;
    const jobOf = 'select id from orchestrations where slack_message_ts = $1';
    return (await watch.until<{ id: string }>('the job of a mention', jobOf, [ts])).id;
  };
}

/** Approves what a job asks, once it has nothing else to do. */
async function approve({ nubabel, watch, quiet }: Subject, jobId: string): Promise<void> {
  const asked = `select approval from orchestrations where id = $1 and status = 'awaiting_approval'`;
  const { approval } = await watch.until<{ approval: { id: string; hash: string } }>('a question', asked, [jobId]);
  await quiet(jobId);
  const given = { approvalId: approval.id, hash: approval.hash };
  const answer = await nubabel.request(`/api/jobs/${jobId}/approve`, json(given));
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
}
