import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { accepted, finalMessage } from './doors.ts';
import { startSharedNubabel, type Nubabel } from './nubabel.ts';

const NOTHING = { inbox: 0, jobs: 0, sessions: 0 };
const userTexts = ({ model }: Nubabel) => [...new Set(model.requests.map(({ userText }) => userText))];
const logOf = ({ dir }: Nubabel) => readFileSync(join(dir, 'api.log'), 'utf8');

/** Also after a failure: the next file uses the same addresses. */
let opened: Nubabel | undefined;
const open = async (): Promise<Nubabel> => (opened = await startSharedNubabel());
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

describe('a product that files share', () => {
  it('goes on for the next file without a row, a log line or a call of the one before', async () => {
    const first = await open();
    const { jobId } = await first.ask('Said before', { agents: ['ops'] });
    await first.ended(jobId);
    await first.close();
    // Files of other workers open some too: which one comes next is nobody's promise.
    const second = await open();
    expect([await accepted(second), logOf(second).includes(jobId), userTexts(second)]).toEqual([NOTHING, false, []]);
    expect((await second.request(`/api/jobs/${jobId}/status`)).status).toBe(404);
    const { ts } = await second.slack.mention({ user: 'U_ADA', channel: 'C_LAUNCH', text: 'Write a slogan' });
    expect((await finalMessage(second, 'C_LAUNCH', ts)).text).toMatch(/^✅/);
    expect(await accepted(second)).toEqual({ inbox: 1, jobs: 1, sessions: 1 });
  });

  it('goes on without the work that was left under way, which then goes nowhere', async () => {
    const first = await open();
    first.model.pause();
    const { jobId } = await first.ask('Left under way', { agents: ['ops'] });
    await first.model.waitForRequests(1);
    await first.close();
    const second = await open();
    expect(await accepted(second)).toEqual(NOTHING);
    expect((await second.request(`/api/jobs/${jobId}/status`)).status).toBe(404);
    const { jobId: anew } = await second.ask('Asked anew', { agents: ['ops'] });
    expect(await second.ended(anew)).toMatchObject({ status: 'completed' });
    expect(userTexts(second).filter((text) => text.includes('Left under way'))).toEqual([]);
  });

  it('refuses to be killed or restarted', async () => {
    const nubabel = await open();
    expect(() => nubabel.restart('api')).toThrow('A shared product keeps its processes');
  });
});
