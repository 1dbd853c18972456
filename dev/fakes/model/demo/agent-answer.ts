import { TRAINED_AGENTS, type TrainedAgent, type Language } from '../../../../contracts/agents.ts';
import { ENGLISH } from './answers-en.ts';
import { KOREAN } from './answers-ko.ts';
import { keyWordsOf, languageOf, quoteOf, taskOf } from './request-words.ts';

/** How sure each demo agent always is. */
const DEMO_CONFIDENCE: Readonly<Record<TrainedAgent, number>> = {
  brand: 0.82,
  marketing: 0.86,
  ops: 0.91,
  product: 0.84,
  engineering: 0.88,
  support: 0.9,
  growth: 0.79,
  finance: 0.81,
  general: 0.72,
};

const NAMES: Readonly<Record<Language, Readonly<Record<TrainedAgent, string>>>> = {
  en: {
    brand: 'Brand',
    marketing: 'Marketing',
    ops: 'Ops',
    product: 'Product',
    engineering: 'Engineering',
    support: 'Support',
    growth: 'Growth',
    finance: 'Finance',
    general: 'General',
  },
  ko: {
    brand: '브랜드',
    marketing: '마케팅',
    ops: '운영',
    product: '제품',
    engineering: '개발',
    support: '고객 지원',
    growth: '성장',
    finance: '재무',
    general: '일반',
  },
};

const DEMO_LABEL: Readonly<Record<Language, string>> = {
  en: '*Demo answer: no ANTHROPIC_API_KEY is set.*',
  ko: '*데모 답변: ANTHROPIC_API_KEY가 설정되지 않았습니다.*',
};

/** The agent whose system prompt this is; `general` when it does not say or is one that the demo has no voice for. */
function agentOf(system: string): TrainedAgent {
  const name = /you are (?:the )?"?([a-z]+)/i.exec(system)?.[1]?.toLowerCase();
  const found = TRAINED_AGENTS.find((id) => id === name || (id === 'ops' && name === 'operations'));
  return found ?? 'general';
}

/** An answer of this agent: that it is a demo, who speaks, what is said, and how sure it is. */
export function asAgent(system: string, question: string, said: readonly string[]): string {
  const agent = agentOf(system);
  const language = languageOf(question);
  return [
    DEMO_LABEL[language],
    `**${NAMES[language][agent]}** · “${quoteOf(question)}”`,
    ...said,
    `CONFIDENCE: ${DEMO_CONFIDENCE[agent].toFixed(2)}`,
  ].join('\n\n');
}

/** What the agent of this system prompt answers, in the language of the request. */
export function agentAnswer(system: string, userText: string): string {
  const question = taskOf(userText);
  const words = keyWordsOf(question);
  const topic = words.length > 0 ? `*${words.join(', ')}*` : `“${quoteOf(question, 30)}”`;
  const { lead, points, next } = (languageOf(question) === 'ko' ? KOREAN : ENGLISH)[agentOf(system)](topic);
  return asAgent(system, question, [lead, points.map((point) => `- ${point}`).join('\n'), next]);
}
