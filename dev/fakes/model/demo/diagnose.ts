import { isRecord } from '../../http-server.ts';
import type { JsonSchema } from '../types.ts';
import { languageOf } from './request-words.ts';

const DIAGNOSIS = {
  en: {
    rootCause: 'Demo diagnosis: the step asks for more than one answer can hold.',
    change: 'Answer the most important part only, in few words.',
  },
  ko: {
    rootCause: '데모 진단: 한 번에 답하기에는 단계가 너무 넓습니다.',
    change: '가장 중요한 부분만 짧게 답해 주세요.',
  },
} as const;

/** The demo's reading of a failed step: once more, with less to do. */
export function diagnose(userText: string): Readonly<Record<string, unknown>> {
  const step = /<step[^>]*>([\s\S]*?)<\/step>/.exec(userText)?.[1] ?? userText;
  return { ...DIAGNOSIS[languageOf(step)], action: 'retry', agent: null };
}

/** Whether structured output of this schema has all these properties. */
export const asksFor = (schema: JsonSchema, ...names: string[]): boolean => {
  const properties = schema['properties'];
  return isRecord(properties) && names.every((name) => name in properties);
};
