import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionView } from '../../contracts/connections.ts';
import { createFakeIdentity, type FakeIdentity } from '../fakes/identity/index.ts';
import { botMessages } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL, hears, jobOf, jobsIn, linesOf, shows } from '../support/slack-story.ts';
import { ended, openWikiNubabel, type WikiNubabel } from '../support/slack-wiki.ts';
import { effectsOf, setPolicy } from '../support/tools.ts';

let at: WikiNubabel;
let identity: FakeIdentity;
let connection: ConnectionView;
beforeAll(async () => {
  at = await openWikiNubabel({
    url: async (mcp) => {
      identity = await createFakeIdentity({ upstream: mcp.url });
      return identity.resourceUrl;
    },
  });
  await setPolicy(at.nubabel, { risks: [] });
  const { connections } = (await (await at.nubabel.request('/api/connections')).json()) as {
    connections: ConnectionView[];
  };
  connection = connections.find(({ name }) => name === 'Wiki') as ConnectionView;
  expect(await grant()).toContain('<h1>Connected</h1>');
}, 120_000);
afterAll(async () => {
  await at?.close();
  await identity?.close();
});

/** What a person does in their browser; answers the page they end on. */
async function grant(): Promise<string> {
  const begun = await at.nubabel.request(`/api/connections/${connection.id}/authorize`, { method: 'POST' });
  const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string };
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const back = await identity.grant(authorizationUrl);
  return (await fetch(`${at.nubabel.url}${back.pathname}${back.search}`, { headers: { cookie } })).text();
}

/** A thread whose work waits for access that was taken back in the midst of it. */
async function waiting(title: string, language: 'en' | 'ko' = 'en'): Promise<string> {
  at.calls('createPage', { title }, language);
  identity.revoke();
  const thread = await at.asks(language === 'ko' ? '위키에 팀 회의 페이지를 만들어 줘' : undefined);
  await shows(at.nubabel, thread, /Reconnect Wiki|Wiki 다시 연결/);
  return thread;
}
const made = (title: string) => at.wiki.calls().filter(({ params }) => JSON.stringify(params).includes(title)).length;

describe('access that was taken back while somebody waits in Slack', () => {
  it.each(['en', 'ko'] as const)(
    'is asked for with its link, and the same run goes on once it is back (%s)',
    async (language) => {
      const thread = await waiting(`Renewed ${language}`, language);
      const [message] = botMessages(at.nubabel, CHANNEL, thread);
      expect(message && linesOf(message)).toMatch(
        /<http[^|>]+\/connections\/[0-9a-f-]+\|(Reconnect Wiki|Wiki 다시 연결)>/,
      );
      expect(made(`Renewed ${language}`)).toBe(0);
      expect(await grant()).toContain('<h1>Connected</h1>');
      const end = await ended(at.nubabel, thread);
      expect(end.text).toMatch(/^✅/);
      expect([made(`Renewed ${language}`), (await jobsIn(at.nubabel, thread)).length]).toEqual([1, 1]);
      expect(await effectsOf(at.nubabel, await jobOf(at.nubabel, thread))).toMatchObject([{ state: 'DONE' }]);
    },
    60_000,
  );

  it('goes on by the word RETRY, too, and asks again as long as it is not back', async () => {
    const thread = await waiting('By a word');
    const job = await jobOf(at.nubabel, thread);
    const { approval } = await at.nubabel.status(job);
    await hears(at.nubabel, { text: 'RETRY', thread });
    await at.nubabel.jobWhen(job, (now) => now.approval?.id !== approval?.id && now.status === 'awaiting_approval');
    await shows(at.nubabel, thread, /Reconnect Wiki/);
    expect(await grant()).toContain('<h1>Connected</h1>');
    expect((await ended(at.nubabel, thread)).text).toMatch(/^✅/);
    expect(made('By a word')).toBe(1);
  }, 60_000);

  it('is done without when somebody says SKIP', async () => {
    const thread = await waiting('Without it');
    await hears(at.nubabel, { text: 'SKIP', thread });
    const end = await ended(at.nubabel, thread);
    expect(end.text).toMatch(/^✅ Done/);
    expect(linesOf(end)).toContain('There is no answer to this call');
    expect(linesOf(end)).not.toContain('External changes');
    expect(made('Without it')).toBe(0);
    expect(await grant()).toContain('<h1>Connected</h1>');
    await eventually('a healthy connection', async () => {
      const seen = (await (await at.nubabel.request(`/api/connections/${connection.id}`)).json()) as ConnectionView;
      return seen.health === 'healthy';
    });
    expect(made('Without it')).toBe(0);
  }, 60_000);

  it('that comes back before anybody was asked keeps nobody waiting', async () => {
    at.calls('createPage', { title: 'Back at once' });
    identity.revoke();
    // The grant is renewed as soon as anybody has found it gone, so it may be back before the question is written.
    const thread = await at.asks();
    await eventually(
      'the refusal',
      () => identity.lines.at(-1)?.outcome === 'unauthorized' || identity.count('token', 'invalid_grant') > 0,
    );
    await grant();
    expect((await ended(at.nubabel, thread)).text).toMatch(/^✅/);
    expect(made('Back at once')).toBe(1);
  }, 60_000);
});
