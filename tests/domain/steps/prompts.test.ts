import { describe, expect, it } from '@jest/globals';
import { TRAINED_AGENTS } from '../../../contracts/agents.ts';
import { analysisPrompt, analysisSchema, toAnalysis } from '../../../domain/steps/analyze-request.ts';
import { agentPrompt, splitConfidence, toConversation, toRoundMessages } from '../../../domain/steps/prompts.ts';
import type { ToolCall } from '../../../db/queries/tool-calls.ts';
import type { Message } from '../../../db/queries/sessions.ts';
import { sampleAgents, sampleDefinition } from '../../support/samples.ts';

const readAnalysis = (text: string) => toAnalysis(text, TRAINED_AGENTS);

const SAID = {
  intent: 'content',
  entities: [{ name: 'deadline', value: '2026-12-01' }],
  category: 'artistry',
  skills: [],
  confidence: 0.9,
  language: 'en',
  agents: [{ agent: 'marketing', relevance: 0.9 }],
  mode: 'parallel',
};
const analysisOf = (changes: Record<string, unknown>) => readAnalysis(JSON.stringify({ ...SAID, ...changes }));

describe('the model’s analysis', () => {
  it('is read as ours, its entities as a map, its source named', () => {
    expect(readAnalysis(JSON.stringify(SAID))).toEqual({
      ...SAID,
      entities: { deadline: '2026-12-01' },
      source: 'model',
    });
  });

  it.each(['next Friday', '2026-02-31', '', '12/25/2026'])('keeps no deadline that is no date: %j', (value) => {
    expect(analysisOf({ entities: [{ name: 'deadline', value }] })?.entities).toEqual({});
  });

  it('is found inside a fence and between words', () => {
    expect(readAnalysis(`Here:\n\`\`\`json\n${JSON.stringify(SAID)}\n\`\`\`\nDone.`)).toMatchObject({
      intent: 'content',
    });
  });

  it('has every share between 0 and 1, whatever the model claims', () => {
    const analysis = analysisOf({ confidence: 7, agents: [{ agent: 'ops', relevance: -3 }] });
    expect(analysis).toMatchObject({ confidence: 1, agents: [{ agent: 'ops', relevance: 0 }] });
  });

  it('names an agent once', () => {
    const twice = [
      { agent: 'ops', relevance: 0.2 },
      { agent: 'ops', relevance: 0.6 },
    ];
    expect(analysisOf({ agents: twice })?.agents).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'I would ask marketing.'],
    ['half a JSON', '{"intent": "content"'],
    ['another JSON', '{"answer": 42}'],
    ['nothing', ''],
    ['a list', '[]'],
    ['an unknown agent', JSON.stringify({ ...SAID, agents: [{ agent: 'ceo', relevance: 1 }] })],
    ['an unknown intent', JSON.stringify({ ...SAID, intent: 'rm -rf' })],
    ['a share that is no number', JSON.stringify({ ...SAID, confidence: 'high' })],
  ])('that is %s is none', (_, text) => {
    expect(readAnalysis(text)).toBeUndefined();
  });

  it('cannot smuggle in a prototype', () => {
    const analysis = readAnalysis(JSON.stringify(SAID).replace('"deadline"', '"__proto__"'));
    expect(Object.getPrototypeOf(analysis?.entities)).toBe(Object.prototype);
  });
});

describe('the schema for structured output', () => {
  it('closes every object and requires every property, as the provider wants', () => {
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { type, properties, required, additionalProperties } = node as Record<string, unknown>;
      if (type === 'object') {
        expect(additionalProperties).toBe(false);
        expect(required).toEqual(Object.keys(properties as object));
      }
      for (const name of ['minimum', 'maximum', 'minLength', 'maxLength', '$schema'])
        expect(node).not.toHaveProperty(name);
      Object.values(node).forEach(walk);
    };
    walk(analysisSchema(TRAINED_AGENTS));
  });
});

describe('the closing line of an answer', () => {
  it.each([
    ['The tweet.\nCONFIDENCE: 0.8', 'The tweet.', 0.8],
    ['The tweet.\n\n**Confidence:** 0.85', 'The tweet.', 0.85],
    ['The tweet.\nconfidence: 1', 'The tweet.', 1],
    ['The tweet.\nConfidence: 0.9.', 'The tweet.', 0.9],
    ['The tweet.\nCONFIDENCE: 9', 'The tweet.', 1],
    ['The tweet.\n**CONFIDENCE: 0.8**\n', 'The tweet.', 0.8],
    ['Plain answer', 'Plain answer', 0.7],
    ['Confidence: 0.4 is what we have, and more text', 'Confidence: 0.4 is what we have, and more text', 0.7],
    ['', '', 0.7],
  ])('of %j leaves %j and %d', (text, content, confidence) => {
    expect(splitConfidence(text)).toEqual({ content, confidence });
  });

  it.each(['\n ', '*', 'confidence ', 'confidence: 1 ', '.9'])(
    'is looked for in linear time: %j again and again',
    (part) => {
      const startedAt = performance.now();
      splitConfidence(`confidence: 1${part.repeat(50_000)}x`);
      expect(performance.now() - startedAt).toBeLessThan(500);
    },
  );
});

const said = (role: Message['role'], content: string): Message => ({
  organization_id: 'o',
  id: content,
  session_id: 's',
  orchestration_id: null,
  role,
  content,
  created_at: new Date(),
});

describe('the conversation', () => {
  it('begins with a person and takes turns', () => {
    const turns = toConversation(
      [
        said('assistant', 'a0'),
        said('user', 'u1'),
        said('user', 'u2'),
        said('assistant', 'a2'),
        said('assistant', 'a3'),
      ],
      'now',
    );
    expect(turns).toEqual([
      { role: 'user', content: 'u1\n\nu2' },
      { role: 'assistant', content: 'a2\n\na3' },
      { role: 'user', content: 'now' },
    ]);
  });

  it('is the request alone when nobody else has spoken', () => {
    expect(toConversation([], 'now')).toEqual([{ role: 'user', content: 'now' }]);
    expect(toConversation([said('assistant', 'a')], 'now')).toEqual([{ role: 'user', content: 'now' }]);
  });

  it('joins the request to what the person said just before', () => {
    expect(toConversation([said('user', 'u')], 'now')).toEqual([{ role: 'user', content: 'u\n\nnow' }]);
  });
});

describe('a long conversation', () => {
  const long = (role: Message['role'], letter: string) => said(role, letter.repeat(40_000));
  const bytesOf = (turns: readonly { readonly content: string }[]) =>
    turns.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);

  it.each(['a', '가', '😀'])(
    'of ten messages of 40,000 characters (%s) fits, the newest kept, the cut ones marked',
    (letter) => {
      const history = Array.from({ length: 10 }, (_, i) => long(i % 2 === 0 ? 'user' : 'assistant', letter));
      const turns = toConversation(history, 'now');
      expect(bytesOf(turns)).toBeLessThanOrEqual(82_000);
      expect(turns.at(-1)?.content).toMatch(/now$/);
      expect(turns[0]?.role).toBe('user');
      expect(turns[0]?.content).toMatch(/\[…\]$/);
      expect(turns.every(({ content }) => content.isWellFormed() && !content.includes('\ufffd'))).toBe(true);
    },
  );

  it('keeps short messages whole beside one that is long', () => {
    const turns = toConversation([said('user', 'first'), long('assistant', 'b'), said('user', 'second')], 'now');
    expect(turns.map(({ content }) => content.length)).toEqual([5, expect.any(Number), 'second\n\nnow'.length]);
    expect(turns[1]?.content.length).toBeLessThan(25_000);
  });

  it('has no blank messages, which no provider takes', () => {
    expect(toConversation([said('user', 'u'), said('assistant', ' \n')], 'now')).toEqual([
      { role: 'user', content: 'u\n\nnow' },
    ]);
  });
});

describe('the rounds before', () => {
  const call = (turn_key: string, text: string) =>
    ({ turn_key, tool_use_id: `of ${turn_key}`, status: 'done', result: { text, isError: false } }) as ToolCall;

  it('fit however long the calls and their results are; the newest is whole', () => {
    const keys = Array.from({ length: 15 }, (_, i) => `t~${i + 1}`);
    const body = '가'.repeat(20_000);
    const turns = new Map(
      keys.map((key) => [
        key,
        {
          content: '',
          stop_reason: 'tool_use',
          blocks: [
            { type: 'thinking', thinking: body, signature: 's' },
            { type: 'tool_use', id: `of ${key}`, name: 'wiki__write', input: { body, tags: [body] } },
          ],
        },
      ]),
    );
    const messages = toRoundMessages(
      keys,
      turns,
      keys.map((key) => call(key, body)),
    );
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThan(360_000);
    expect(JSON.stringify(messages.at(-1))).toContain(body);
    const names = messages
      .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
      .map((one) => one['id'] ?? one['tool_use_id']);
    expect(keys.every((key) => names.filter((name) => name === `of ${key}`).length === 2)).toBe(true);
  });
});

describe('what the model is told', () => {
  it('names every agent, the day and the person’s time zone', () => {
    const prompt = analysisPrompt(
      sampleAgents(sampleDefinition('ops'), sampleDefinition('brand')),
      '2026-11-21',
      'Asia/Seoul',
    );
    expect(prompt).toContain('- ops: Does what ops does');
    expect(prompt).toContain('- brand: Does what brand does');
    expect(prompt).toContain('Today is 2026-11-21 in Asia/Seoul.');
    expect(agentPrompt(sampleDefinition('ops'), '2026-11-21', 'UTC')).toBe(
      'You are ops.\n\nToday is 2026-11-21 (UTC).',
    );
  });
});
