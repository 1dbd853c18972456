import { describe, expect, it } from '@jest/globals';
import { TRAINED_AGENTS, Language } from '../../../contracts/agents.ts';
import { parseExamples, readHeldOut, readTrainingData, type Example } from '../../../tools/routing/examples.ts';
import { normalise } from '../../../domain/routing/text.ts';

const TRAINING_FLOOR = 200;
const HELD_OUT_FLOOR = 20;
const PLAIN_FLOOR = 40;

const countOf = (examples: readonly Example[], agent: string, language: string): number =>
  examples.filter((one) => one.agents.join() === agent && one.language === language).length;

const cells = TRAINED_AGENTS.flatMap((agent) => Language.options.map((language) => [agent, language] as const));

describe('the examples', () => {
  it.each(cells)('has enough for %s in %s', async (agent, language) => {
    const [{ examples }, { single, plain }] = await Promise.all([readTrainingData(), readHeldOut()]);
    expect(countOf(examples, agent, language)).toBeGreaterThanOrEqual(TRAINING_FLOOR);
    expect(countOf(single, agent, language)).toBeGreaterThanOrEqual(HELD_OUT_FLOOR);
    expect(countOf(plain, agent, language)).toBeGreaterThanOrEqual(PLAIN_FLOOR);
  });

  it('has no request twice with different agents', async () => {
    const { examples } = await readTrainingData();
    const seen = new Map<string, string>();
    const clashes = examples.filter(({ text, agents }) => {
      const before = seen.get(normalise(text));
      seen.set(normalise(text), agents.join());
      return before !== undefined && before !== agents.join();
    });
    expect(clashes).toEqual([]);
  });
});

describe('parseExamples', () => {
  it('reads agents, language and text, and skips comments and empty lines', () => {
    expect(parseExamples('# note\n\nmarketing+finance\ten\tDraft it\tand sum it\r\n')).toEqual({
      examples: [{ agents: ['marketing', 'finance'], language: 'en', text: 'Draft it and sum it' }],
      problems: [],
    });
  });

  it.each([
    ['sales\ten\thi', 'line 1: unknown agent "sales"'],
    ['ops\tde\thi', 'line 1: unknown language "de", expected en or ko'],
    ['\nops\ten', 'line 2: expected agent<TAB>language<TAB>text'],
    ['ops\ten\t ', 'line 1: the text is empty'],
  ])('names the line of %j', (content, problem) => {
    expect(parseExamples(content).problems).toEqual([problem]);
  });
});
