import type { Language } from '../../../../contracts/agents.ts';

const STOP_WORDS = new Set(
  `the and for with that this from have has are was were will would should could can you your our their they them what
  which when where how why who please help need want make about into some any than then there here just also not but
  its let get give all new more most does did done been being over under very a an of to in on is it be we us me my i
  by or as at so if do up out no yes per via 어떻게 무엇 무엇을 어떤 우리 저희 좀 그리고 해주세요 해줘 알려줘 알려주세요 부탁해요 부탁드립니다 하면 좋을까요 할까요 정할까요 위한 대한 대해`.split(
    /\s+/,
  ),
);

export const languageOf = (text: string): Language =>
  /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/.test(text) ? 'ko' : 'en';

/** What the person asked, without markers that a product puts around it. */
export function questionOf(userText: string): string {
  const tagged = [...userText.matchAll(/<(request|question|message|task|user_message)[^>]*>([\s\S]*?)<\/\1>/gi)].at(
    -1,
  )?.[2];
  return (tagged ?? userText)
    .replace(/<[@#!][^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What an agent is to do: the title of its step in a plan, otherwise the question. */
export const taskOf = (userText: string): string =>
  userText.includes('This is one step of a larger request')
    ? (userText.split('\n')[0] ?? '').trim()
    : questionOf(userText);

/** A short quotation of the request, cut at a word, safe inside Markdown emphasis. */
export function quoteOf(question: string, letters = 80): string {
  const plain = question.replace(/[*_`~<>[\]]/g, '');
  if (plain.length <= letters) return plain;
  const cut = plain.slice(0, letters);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), letters / 2)).trimEnd()}…`;
}

/** Up to `count` words that carry the request, in their order. */
export function keyWordsOf(question: string, count = 3): string[] {
  const words = question.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'-]+/gu) ?? [];
  return [...new Set(words.map(withoutParticle).filter((word) => !STOP_WORDS.has(word)))].slice(0, count);
}

/** "로고를" is about 로고: a trailing particle goes when at least two syllables stay. */
const withoutParticle = (word: string): string =>
  word.replace(/^([\uac00-\ud7a3]{2,}?)(에서|에게|으로|부터|까지|을|를|은|는|와|과|의|에|로|도)$/u, '$1');
