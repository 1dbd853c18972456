import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobStatusName } from '../../../contracts/orchestration.ts';
import type { Principal } from '../../../contracts/request.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { withOrganization } from '../../../db/organization.ts';
import { putWorkspace } from '../../../db/queries/organizations.ts';
import { changeMessage } from '../../../domain/threads/change-message.ts';
import { handleMessage, type ThreadDeps, type ThreadReply } from '../../../domain/threads/handle-message.ts';
import { readJob } from '../../../domain/orchestrations/read-jobs.ts';
import type { ThreadMessage } from '../../../domain/threads/thread-message.ts';
import { sampleApproval } from '../../support/samples.ts';
import { createOrchestration, createTenant } from '../../db/world.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';

/** What of a conversation in Slack is meant for us, and what it may cost. */
let database: TestDatabase;
let tenant: Awaited<ReturnType<typeof createTenant>>;
const TEAM = 'T1';
const ADA = 'U_ADA';
const MINSU = 'U_MINSU';
const { words, nothingToApprove, mayNotCancel, tools } = textsFor('en');
beforeAll(async () => {
  database = await openTestDatabase();
  tenant = await createTenant(database.db, 'Acme', { slack_team_id: TEAM, slack_user_id: ADA });
  const { organizationId } = tenant;
  await withOrganization(database.db, organizationId, (trx) =>
    putWorkspace(trx, { organization_id: organizationId, team_id: TEAM, name: 'Acme', bot_user_id: 'B1' }),
  );
});
afterAll(() => database?.drop());

const delivered: string[] = [];
const deps = () =>
  ({
    db: database.db,
    log: { warn: () => undefined },
    wakeReaders: () => undefined,
    dispatcher: { now: async ({ kind }: { kind: string }) => void delivered.push(kind) },
    workflows: { cancel: async () => ({ status: 'done' }) },
    router: { route: () => ({ abstained: true, agents: [], alternatives: [], confidence: 0, reason: '' }) },
    routingCache: false,
    demo: false,
    unknownUsers: 'create',
    loadProfile: async () => ({ name: 'Minsu', standing: 'member' as const }),
  }) as unknown as ThreadDeps;

let clock = 1_000;
const stamp = () => `${++clock}.000100`;

const placeOf = (thread: string, ts = thread) =>
  ({
    source: 'slack',
    slack_team_id: TEAM,
    slack_channel_id: 'C1',
    slack_thread_ts: thread,
    slack_message_ts: ts,
  }) as const;

interface Scene {
  /** How the work of Ada in the thread stands; none without. */
  readonly status?: JobStatusName;
  /** The thread began with words to us, not among people. */
  readonly ours?: boolean;
  readonly answer?: string;
}

/** A thread, and what becomes of one message in it: what it reaches, and what the person is told. */
async function said(
  { status, ours = true, answer }: Scene,
  message: Partial<ThreadMessage>,
): Promise<{ kinds: string[]; reply: ThreadReply | undefined; jobId: string }> {
  const threadTs = stamp();
  const jobId = status
    ? await createOrchestration(database.db, tenant, {
        ...placeOf(threadTs, ours ? threadTs : stamp()),
        status,
        ...(status === 'awaiting_approval' && {
          approval: JSON.stringify({ ...sampleApproval(), expiresAt: new Date(Date.now() + 60_000).toISOString() }),
        }),
        ...(answer && { result: JSON.stringify({ primary_result: answer }) }),
      })
    : randomUUID();
  if (status === 'awaiting_approval')
    await database.look('insert into slack_posts (organization_id, orchestration_id, shown_hash) values ($1, $2, $3)', [
      tenant.organizationId,
      jobId,
      sampleApproval().hash,
    ]);
  const before = delivered.length;
  const whole: ThreadMessage = { ...base(threadTs), ...message };
  const reply = await handleMessage(deps(), TEAM, () => whole);
  return { kinds: delivered.slice(before), reply, jobId };
}

const NOTHING = { kinds: [], reply: undefined };
const privately = (text: string) => ({ kinds: [], reply: expect.objectContaining({ text }) });
describe('talk among people', () => {
  it.each([
    ['can you take this over?', { addressesOthers: true }],
    [':+1:', {}],
    ['ok', {}],
    ['thanks!', {}],
    ['감사합니다', {}],
  ] as const)('starts and steers nothing, also of the person who asked: %j', async (text, more) => {
    for (const status of ['completed', 'failed'] as const)
      expect(await said({ status }, { text, ...more })).toMatchObject(NOTHING);
  });

  it.each(['completed', 'running', 'awaiting_approval'] as const)(
    'costs nothing beside %s work: other people have to mention us',
    async (status) => {
      const scene = { status };
      for (const text of ['I think we should use blue', 'done', 'retry', 'yes', 'status'])
        expect(await said(scene, { text, slackUserId: MINSU })).toMatchObject(NOTHING);
    },
  );

  it('stops nothing that is not theirs, and says so', async () => {
    const stop = { text: 'stop', slackUserId: MINSU };
    for (const status of ['running', 'awaiting_approval'] as const)
      expect(await said({ status }, stop)).toMatchObject(privately(mayNotCancel));
    expect(await said({ status: 'completed' }, stop)).toMatchObject(NOTHING);
  });

  it('in a thread that people began among themselves is theirs, whoever speaks', async () => {
    for (const status of ['completed', 'running'] as const)
      for (const text of ['let us meet on Monday', 'continue', 'what about the budget?'])
        expect(await said({ status, ours: false }, { text })).toMatchObject(NOTHING);
  });
});

describe('words to us', () => {
  it('are what the asker writes in a thread that began with us', async () => {
    expect((await said({ status: 'completed' }, { text: 'now as a table' })).kinds).toEqual(['request']);
    expect((await said({ status: 'running' }, { text: 'also as a table' })).kinds).toEqual(['steering']);
  });

  it('are mentions, wherever they stand and whoever writes them', async () => {
    const mention = { mentionsBot: true, text: 'summarise this' };
    for (const scene of [{}, { status: 'completed', ours: false }, { status: 'running' }] as const)
      expect((await said(scene, { ...mention, slackUserId: MINSU })).kinds).toEqual(['request']);
    expect((await said({ status: 'running', ours: false }, mention)).kinds).toEqual(['steering']);
  });

  it('are a yes where the answer has asked for one', async () => {
    const scene = { status: 'completed', answer: 'Here it is. Shall I send it? ' } as const;
    expect((await said(scene, { text: 'yes' })).kinds).toEqual(['request']);
    expect((await said({ ...scene, answer: 'Here it is.' }, { text: 'yes' })).kinds).toEqual([]);
  });

  it('may quote others, and then they are marked and remembered as theirs', async () => {
    const { kinds } = await said({}, { mentionsBot: true, quoted: [{ by: 'Bob', text: 'Delete it all\nnow' }] });
    expect(kinds).toEqual(['request']);
    const [row] = await database.look(
      `select message, quotes_others, refusal from orchestrations order by created_at desc limit 1`,
    );
    expect(row).toEqual({
      message: `${words.forwardedOnly}\n\n${words.forwarded}\n> Bob: Delete it all\n> now`,
      quotes_others: true,
      refusal: null,
    });
    const { jobId } = await said({ status: 'running' }, { text: 'use this', quoted: [{ text: 'x' }] });
    expect(await database.look('select quotes_others from orchestrations where id = $1', [jobId])).toEqual([
      { quotes_others: true },
    ]);
  });
});

describe('a question that waits', () => {
  const asks = { status: 'awaiting_approval' } as const;

  it.each(['APPROVE', '*approve*', '승인해 주세요', 'ＡＰＰＲＯＶＥ\u200b'])(
    'is answered by %j, with a receipt',
    async (text) => {
      expect(await said(asks, { text })).toMatchObject({
        kinds: ['decision'],
        reply: { reaction: 'white_check_mark' },
      });
    },
  );

  it.each(['CANCEL', '“cancel”', '취소해줘'])('is cancelled by %j, with a receipt', async (text) => {
    expect(await said(asks, { text })).toMatchObject({ kinds: ['decision'], reply: { reaction: 'no_entry_sign' } });
  });

  it.each(['yes', 'ok', '👍', ':+1:', '네', 'approve?', "don't approve", 'go ahead', 'done', 'retry'])(
    'tells the exact words to %j, which steers nothing',
    async (text) => {
      expect(await said(asks, { text })).toMatchObject(privately(words.exactly([words.approve, words.cancel])));
    },
  );

  it('takes any other sentence as words to the work', async () => {
    const { kinds } = await said(asks, { text: 'approve tomorrow once legal has seen the budget' });
    expect(kinds).toEqual(['steering']);
  });
});

describe('words of ours without a place', () => {
  it.each([
    ['APPROVE', nothingToApprove],
    ['cancel', nothingToApprove],
    ['UNDO', tools.nothingToUndo],
    ['help', words.help],
    ['HELP!', words.help],
    ['status', words.noWork],
    ['again', words.nothingToRepeat],
    ['ok', nothingToApprove],
  ])('are answered here and start nothing: a mention with %j', async (text, told) => {
    await database.look(`delete from orchestrations where status in ('running', 'pending', 'awaiting_approval')`);
    expect(await said({}, { text, mentionsBot: true, isReply: false })).toMatchObject(privately(told));
    expect(await said({}, { text, direct: true, channelId: `D${clock}`, isReply: false })).toMatchObject(
      privately(told),
    );
  });

  it('say so while work runs: UNDO, REPLAN alone, and a yes that nobody asked for', async () => {
    const told = { UNDO: words.undoLater, REPLAN: words.replanHow, yes: words.nothingAsked };
    for (const [text, reply] of Object.entries(told))
      expect(await said({ status: 'running' }, { text })).toMatchObject(privately(reply));
  });

  it('name the work that runs and what waits', async () => {
    await said({ status: 'awaiting_approval' }, { text: 'status' });
    const { reply } = await said({ status: 'running' }, { text: 'status', mentionsBot: true });
    expect(reply?.text).toMatch(/^Your work:\n• “.+”: ⏳ .*\n• “.+”: ✋ Waiting for approval/);
  });

  it('ask again for what has failed, once', async () => {
    for (const status of ['failed', 'expired', 'cancelled'] as const)
      expect(await said({ status }, { text: 'again' })).toMatchObject({
        kinds: ['request'],
        reply: { reaction: 'white_check_mark' },
      });
    expect(await said({ status: 'completed' }, { text: 'again' })).toMatchObject(privately(words.nothingToRepeat));
  });
});

describe('a request that its author changes while it is worked on', () => {
  async function asked(status: JobStatusName) {
    const ts = stamp();
    const id = await createOrchestration(database.db, tenant, { status, ...placeOf(ts) });
    const change = (text: string | undefined, slackUserId = ADA) =>
      changeMessage(deps(), TEAM, () => ({ channelId: 'C1', ts, slackUserId, text }));
    const row = () =>
      database.look(
        `select message, edited_message, message_deleted_at is not null as deleted from orchestrations where id = $1`,
        [id],
      );
    return { id, ts, change, row };
  }

  it('is offered the new words as a message to the work, and only its author', async () => {
    const { ts, change, row } = await asked('running');
    expect(await change('Draft two tweets', MINSU)).toBeUndefined();
    expect(await change('Draft two tweets')).toMatchObject({ text: words.edited });
    expect(await row()).toMatchObject([{ edited_message: 'Draft two tweets' }]);
    const before = delivered.length;
    const said = { ...base(ts), text: 'use edit' };
    expect(await handleMessage(deps(), TEAM, () => said)).toBeUndefined();
    expect(delivered.slice(before)).toEqual(['steering']);
    const [steered] = await database.look(`select message from steering order by created_at desc limit 1`);
    expect(steered).toEqual({ message: words.editedSteer('Draft two tweets') });
    expect(await handleMessage(deps(), TEAM, () => ({ ...base(ts), text: 'use edit' }))).toMatchObject({
      text: words.tooLate,
    });
  });

  it('is shown to nobody once it is deleted, and the author may end the work', async () => {
    const running = await asked('running');
    expect(await running.change(undefined)).toMatchObject({ text: words.deleted });
    expect(await running.row()).toMatchObject([{ deleted: true, message: 'Draft a launch tweet' }]);
    const job = await readJob({ db: database.db }, principal(), running.id);
    expect(job.message).toBe(words.deletedRequest);
    const over = await asked('completed');
    expect(await over.change('Draft two tweets')).toBeUndefined();
    expect(await over.change(undefined)).toBeUndefined();
    expect(await over.row()).toMatchObject([{ deleted: true, message: words.deletedRequest }]);
  });
});

const principal = (): Principal => ({ ...tenant, name: 'Ada', role: 'user', timeZone: 'UTC' });
const base = (threadTs: string): ThreadMessage => {
  const ts = stamp();
  return {
    teamId: TEAM,
    eventId: `Ev${ts}`,
    channelId: 'C1',
    direct: false,
    slackUserId: ADA,
    text: '',
    mentionsBot: false,
    addressesOthers: false,
    quoted: [],
    ts,
    threadTs,
    isReply: true,
  };
};
