import type { OfferedTool } from './tool-host.ts';

const STOP_WORDS = new Set(
  'a an the to of in on for and or with from by my our me us is are it this that all any some into as at be do tool'.split(
    ' ',
  ),
);
const PARTICLES = /(?:에서|에게|으로|까지|부터|이나|들을|들이|을|를|은|는|이|가|에|의|로|와|과|도|만|들)$/;

/** What a hit counts, by where it is. */
const WEIGHT = { name: 4, title: 2, description: 1 } as const;
/** More of the same word in one description says little more. */
const MAX_HITS = 3;

interface Doc {
  readonly tool: OfferedTool;
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/** A word of a query, with everything that counts as it. */
type Term = readonly string[];

/** The tools that fit the words, the best first, equal ones by name. English and Korean words find English tools. */
export function searchTools(offered: readonly OfferedTool[], query: string, limit: number): OfferedTool[] {
  const terms = termsOf(query);
  const all = offered.map(docOf);
  const hits = terms.map((term) => all.map((doc) => hitsIn(doc, term)));
  const rarity = hits.map((of) => Math.log(1 + all.length / (1 + of.filter((hit) => hit > 0).length)));
  return all
    .map(({ tool }, place) => ({
      tool,
      score: hits.reduce((sum, of, index) => sum + (of[place] ?? 0) * (rarity[index] ?? 0), 0),
      found: hits.filter((of) => (of[place] ?? 0) > 0).length,
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.found - a.found || b.score - a.score || (a.tool.name < b.tool.name ? -1 : 1))
    .slice(0, limit)
    .map(({ tool }) => tool);
}

/** Texts in lower case, kept as long as their tools are. */
const docs = new WeakMap<OfferedTool, Doc>();

function docOf(tool: OfferedTool): Doc {
  const known = docs.get(tool);
  if (known) return known;
  const doc = toDoc(tool);
  docs.set(tool, doc);
  return doc;
}

const toDoc = (tool: OfferedTool): Doc => ({
  tool,
  name: `${wordsOfName(tool.name)} ${tool.provider}`,
  title: (tool.definition.title ?? '').toLowerCase(),
  description: tool.definition.description.toLowerCase(),
});

/** `notion__createTask` is "notion create task". */
const wordsOfName = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();

function termsOf(query: string): Term[] {
  const words = wordsOfName(query).match(/[\p{L}\p{N}]+/gu) ?? [];
  const terms = words
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => (isKorean(word) ? korean(word) : [stem(word)]));
  return [...new Map(terms.map((term) => [term.join(' '), term])).values()].slice(0, 20);
}

const isKorean = (word: string): boolean => /[\uac00-\ud7a3]/.test(word);

/** The word itself without its particle, and what tools with English names call it. */
function korean(word: string): Term {
  const bare = word.length > 2 ? word.replace(PARTICLES, '') : word;
  const known = KOREAN_WORDS.filter(([said]) => word.startsWith(said)).flatMap(([, english]) => english.split(' '));
  return [...new Set([bare, ...known.map(stem)])];
}

/** Words are found by their beginning, so the ending goes: "issues", "creating" and "queries" find their tools. */
const stem = (word: string): string => word.replace(/(?<=[a-z]{3})(?:ies|ing|ed|es|s|e|y)$/, '');

function hitsIn(doc: Doc, term: Term): number {
  let best = 0;
  for (const word of term) {
    const hits =
      WEIGHT.name * countOf(doc.name, word, 1) +
      WEIGHT.title * countOf(doc.title, word, 1) +
      WEIGHT.description * countOf(doc.description, word, MAX_HITS);
    if (hits > best) best = hits;
  }
  return best;
}

/** How many words of the text begin so, `most` at most; Korean words have no borders worth looking at. */
function countOf(text: string, word: string, most: number): number {
  const anywhere = word.charCodeAt(0) > 127;
  let count = 0;
  for (let at = text.indexOf(word); at >= 0 && count < most; at = text.indexOf(word, at + word.length))
    if (at === 0 || anywhere || !isLetterOrDigit(text.charCodeAt(at - 1))) count += 1;
  return count;
}

/** Of lower case ASCII: this is asked for every hit in every text. */
const isLetterOrDigit = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 48 && code <= 57);

/** How Korean requests begin the words that tools have English names for. */
const KOREAN_WORDS: readonly (readonly [string, string])[] = [
  ['작업', 'task'],
  ['할일', 'task todo'],
  ['태스크', 'task'],
  ['이슈', 'issue'],
  ['티켓', 'ticket issue'],
  ['버그', 'bug issue'],
  ['오류', 'error issue'],
  ['에러', 'error'],
  ['만들', 'create'],
  ['생성', 'create'],
  ['추가', 'create add'],
  ['등록', 'create add'],
  ['작성', 'create write'],
  ['수정', 'update edit'],
  ['변경', 'update change'],
  ['업데이트', 'update'],
  ['완료', 'complete update close'],
  ['닫', 'close'],
  ['해결', 'resolve'],
  ['삭제', 'delete remove'],
  ['지우', 'delete remove'],
  ['목록', 'list get'],
  ['조회', 'get list query'],
  ['보여', 'list get'],
  ['가져', 'get fetch'],
  ['검색', 'search find query'],
  ['찾', 'search find'],
  ['보내', 'send post'],
  ['전송', 'send'],
  ['게시', 'post publish'],
  ['공지', 'post announce'],
  ['올리', 'post upload'],
  ['메시지', 'message'],
  ['답글', 'reply thread'],
  ['댓글', 'comment'],
  ['채널', 'channel'],
  ['사용자', 'user'],
  ['멤버', 'member user'],
  ['고객', 'customer account contact'],
  ['계정', 'account'],
  ['연락처', 'contact'],
  ['페이지', 'page'],
  ['문서', 'document page'],
  ['파일', 'file'],
  ['데이터베이스', 'database'],
  ['기록', 'record'],
  ['레코드', 'record'],
  ['보고서', 'report'],
  ['일정', 'calendar event'],
  ['회의', 'meeting event'],
  ['메일', 'mail email'],
  ['이메일', 'email mail'],
  ['저장소', 'repository repo'],
  ['풀리퀘스트', 'pull'],
  ['코드', 'code'],
  ['배포', 'deploy release'],
  ['프로젝트', 'project'],
  ['날씨', 'weather'],
  ['주문', 'order'],
  ['결제', 'payment charge'],
  ['청구', 'invoice'],
  ['노션', 'notion'],
  ['슬랙', 'slack'],
  ['리니어', 'linear'],
  ['지라', 'jira'],
  ['깃허브', 'github'],
  ['깃헙', 'github'],
  ['센트리', 'sentry'],
  ['세일즈포스', 'salesforce'],
];
