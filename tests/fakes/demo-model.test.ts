import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { TRAINED_AGENTS } from '../../contracts/agents.ts';
import { AgentChoice, Analysis } from '../../contracts/orchestration.ts';
import { conformingTo, demoResponder, type ModelRequest, type Reply } from '../../dev/fakes/model/index.ts';

const respond = demoResponder({ latencyMs: 0 });

const request = (changes: Partial<ModelRequest>): ModelRequest => ({
  id: 'req_1',
  at: '2026-01-01T00:00:00Z',
  apiKey: 'k',
  model: 'claude-haiku-5-5',
  system: '',
  userText: '',
  messages: [],
  maxTokens: 1000,
  stream: false,
  tools: [],
  toolResults: [],
  allToolResults: [],
  body: {},
  ...changes,
});

const textOf = (reply: Reply): string => ('text' in reply ? (reply.text ?? '') : '');

const Understood = Analysis.omit({ source: true });
async function analysisOf(userText: string) {
  const { schema } = zodOutputFormat(Understood);
  const reply = await respond(request({ schema, userText }));
  return Understood.parse('json' in reply ? reply.json : undefined);
}

describe('the demo’s analysis', () => {
  it.each([
    ['Write a launch campaign for our new app', 'marketing', 'content', 'en'],
    ['Our logo looks dated, can you propose a new palette?', 'brand', 'question', 'en'],
    ['There is a bug in the API, the server answers 500', 'engineering', 'code', 'en'],
    ['다음 분기 예산과 비용을 분석해줘', 'finance', 'analysis', 'ko'],
    ['고객 불만 문의에 어떻게 답변해야 할까요?', 'support', 'question', 'ko'],
    ['Good morning', 'general', 'other', 'en'],
  ])('understands “%s”', async (text, agent, intent, language) => {
    const analysis = await analysisOf(text);
    expect(analysis.agents[0]?.agent).toBe(agent);
    expect(analysis).toMatchObject({ intent, language });
  });

  it('hears several agents and an order', async () => {
    const { agents, mode } = await analysisOf('Draft the newsletter, then check the budget and the invoice');
    expect(agents.map(({ agent }) => agent)).toEqual(expect.arrayContaining(['marketing', 'finance']));
    expect(mode).toBe('sequential');
  });

  it('conforms to schemas that nobody foresaw', () => {
    const Strange = z.object({
      when: z.iso.datetime(),
      nested: z.object({ choices: z.array(AgentChoice).min(1), maybe: z.string().nullable() }),
      fixed: z.literal('yes'),
      either: z.union([z.number().int(), z.boolean()]),
      pairs: z.array(z.object({ name: z.string(), value: z.string() })),
    });
    const { schema } = zodOutputFormat(Strange);
    expect(Strange.safeParse(conformingTo(schema)).error).toBeUndefined();
    const hinted = Strange.parse(conformingTo(schema, { pairs: { topic: 'launch' } }));
    expect(hinted.pairs).toEqual([{ name: 'topic', value: 'launch' }]);
  });
});

describe('the demo’s agents', () => {
  const asked = {
    en: 'How should we announce the spring release to existing customers?',
    ko: '봄 출시를 기존 고객에게 어떻게 알리면 좋을까요?',
  };
  it.each(TRAINED_AGENTS.flatMap((id) => [[id, 'en'] as const, [id, 'ko'] as const]))(
    '%s answers in %s',
    async (id, language) => {
      const name = id.charAt(0).toUpperCase() + id.slice(1);
      const one = request({ system: `You are ${name}, the specialist.`, userText: asked[language] });
      const text = textOf(await respond(one));
      const lines = text.split('\n');
      const label = {
        en: '*Demo answer: no ANTHROPIC_API_KEY is set.*',
        ko: '*데모 답변: ANTHROPIC_API_KEY가 설정되지 않았습니다.*',
      };
      expect(lines[0]).toBe(label[language]);
      expect(lines.at(-1)).toMatch(/^CONFIDENCE: 0\.[789]\d$/);
      expect(text).toContain(language === 'en' ? 'announce' : '기존');
      const words = text.split(/\s+/).length;
      expect(words).toBeGreaterThanOrEqual(60);
      expect(words).toBeLessThanOrEqual(150);
      expect(textOf(await respond(one))).toBe(text);
    },
  );

  it('differ from one another', async () => {
    const texts = await Promise.all(
      TRAINED_AGENTS.map(async (id) =>
        textOf(await respond(request({ system: `You are ${id}.`, userText: asked.en }))),
      ),
    );
    expect(new Set(texts).size).toBe(TRAINED_AGENTS.length);
  });
});
