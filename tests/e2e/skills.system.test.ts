import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModelRequest } from '../../dev/fakes/model/index.ts';
import { json } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { startSharedNubabel, type Nubabel } from '../support/nubabel.ts';
import { specialist, toolCall } from '../support/replies.ts';

/** Skills as agents meet them: a line each, and the whole text for whoever loads it. */
let nubabel: Nubabel;
beforeAll(async () => {
  nubabel = await startSharedNubabel();
}, 60_000);
afterAll(() => nubabel?.close());

/** A folder of the product that only this test knows; nothing else looks at its name. */
const OWN = fileURLToPath(new URL('../../skills/zz-written-by-a-test/', import.meta.url));
afterEach(() => rmSync(OWN, { recursive: true, force: true }));
const writeNubabelSkill = (body: string) => {
  mkdirSync(OWN, { recursive: true });
  writeFileSync(`${OWN}SKILL.md`, textOf('zz-written-by-a-test', 'Only for the test.', body));
};
const textOf = (name: string, description: string, body: string) =>
  `---\nname: ${name}\ndescription: ${description}\n---\n\n${body}\n`;

/** Loads a skill and answers with its first words. */
const loads = (name: string) =>
  nubabel.model.setResponder((request) =>
    request.schema
      ? specialist()(request)
      : request.allToolResults[0]
        ? { text: `Loaded: ${request.allToolResults[0].text}\nCONFIDENCE: 0.9` }
        : toolCall('skills__load', { name }),
  );
async function answered(message: string): Promise<{ text: string; requests: ModelRequest[] }> {
  const { jobId } = await nubabel.ask(message, { agents: ['general'] });
  const { result } = await nubabel.ended(jobId);
  const requests = nubabel.model.requests.filter((one) => !one.schema && one.userText.includes(message));
  return { text: result?.primary_result ?? '', requests };
}

describe('a skill', () => {
  it('is offered by its name, and its text is there only once it is loaded', async () => {
    loads('weekly-report');
    const { text, requests } = await answered('Write the weekly report');
    expect(requests[0]?.system).toContain('- weekly-report: ');
    expect(JSON.stringify(requests[0]?.body)).not.toContain('numbers before adjectives');
    expect(text).toContain('numbers before adjectives');
    expect(JSON.stringify(requests[1]?.body)).toContain('numbers before adjectives');
  });

  it('of the organization is offered at once, and goes before the one of the product', async () => {
    const put = (name: string, body: string) =>
      nubabel.request(`/api/skills/${name}`, {
        ...json({ text: textOf(name, `Our own ${name}.`, body) }),
        method: 'PUT',
      });
    expect((await put('weekly-report', 'Written the way of Acme.')).status).toBeLessThan(300);
    expect((await put('our-own', 'Nobody else has this.')).status).toBeLessThan(300);
    loads('weekly-report');
    const { text, requests } = await answered('The report once more');
    expect(requests[0]?.system).toContain('- our-own: Our own our-own.');
    expect(requests[0]?.system).toContain('- weekly-report: Our own weekly-report.');
    expect(text).toContain('Written the way of Acme.');
    expect(text).not.toContain('numbers before adjectives');
    await nubabel.request('/api/skills/weekly-report', { method: 'DELETE' });
    expect((await answered('The report of the product')).text).toContain('numbers before adjectives');
  });

  it('of the product is read anew when its file changes, without a restart', async () => {
    loads('zz-written-by-a-test');
    writeNubabelSkill('The first edition.');
    const once = (nth: number, words: string) =>
      eventually(words, async () => (await answered(`Edition ${nth}, ${Date.now()}`)).text.includes(words), 15_000);
    await once(1, 'The first edition.');
    writeNubabelSkill('The second edition, which is longer.');
    await once(2, 'The second edition');
    rmSync(OWN, { recursive: true, force: true });
    await once(3, 'There is no skill');
  });
});
