/** What somebody wants done with a tool, as far as the words say it. */
export interface Want {
  readonly verb: 'create' | 'update' | 'delete' | 'list' | 'search' | 'post';
  readonly thing: 'task' | 'issue' | 'message' | 'channel' | 'user' | 'pull';
  /** The clause that says it, with what was quoted in its place. */
  readonly words: string;
}

type Verb = Want['verb'];

const THINGS: readonly (readonly [Want['thing'], RegExp])[] = [
  ['pull', /\b(pull requests?|prs?)\b|풀 ?리퀘스트/i],
  ['issue', /\b(issues?|tickets?|bugs?)\b|이슈|티켓|버그/i],
  ['task', /\b(tasks?|to-?dos?|cards?|backlog)\b|작업|태스크|할 ?일/i],
  ['channel', /\bchannels\b|채널 ?목록/i],
  ['user', /\b(users|members|people)\b|사용자|멤버/i],
];

const NOUN = '(?:tasks?|to-?dos?|cards?|issues?|tickets?|bugs?)';
const NOUN_KO = '(?:작업|태스크|할 ?일|이슈|티켓|버그)';
const WHERE = '(?:<#\\w|#[\\p{L}\\d_-]{2}|\\bchannel\\b|\\bslack\\b|채널|슬랙)';

/** In the order in which they are looked for: "list the open issues" opens none. */
const VERBS: readonly (readonly [Verb, RegExp])[] = [
  [
    'list',
    /\b(?:list|show|fetch|get me|give me)\b.{0,40}\b(?:tasks|to-?dos|cards|issues|tickets|bugs|channels|users|members|people|pull requests|prs)\b|\b(?:what|which)\b.{0,30}\b(?:tasks|to-?dos|issues|tickets|bugs|pull requests|prs)\b.{0,20}\b(?:open|there|have|left|overdue)\b/i,
  ],
  ['list', /(?:작업|태스크|할 ?일|이슈|티켓|버그|채널|사용자|멤버|풀 ?리퀘스트).{0,10}(?:목록|보여|알려)/],
  [
    'search',
    new RegExp(`\\b(?:search|find|look up|look for)\\b.{0,60}(?:\\b${NOUN}\\b|\\bin \\w+$)|\\bsearch \\w+ for\\b`, 'i'),
  ],
  ['search', new RegExp(`${NOUN_KO}.{0,40}(?:찾아|검색)`)],
  ['delete', new RegExp(`\\b(?:delete|remove|archive)\\b.{0,40}\\b${NOUN}\\b`, 'i')],
  ['delete', new RegExp(`${NOUN_KO}.{0,40}(?:삭제|지워)`)],
  [
    'create',
    new RegExp(
      `\\b(?:create|add|file|log|make|open)\\s+(?:(?:an?|the|one|new|another|this|following|follow-?up|\\w+)\\s+){0,4}${NOUN}\\b`,
      'i',
    ),
  ],
  [
    'create',
    /\b(?:add|put)\b.{0,120}\b(?:to|in|into|on) (?:the |our |my )?(?:\w+ )?(?:tasks|task list|to-?do list|backlog)\b/i,
  ],
  ['create', new RegExp(`${NOUN_KO}.{0,60}(?:만들|생성|추가|등록|올려|열어)`)],
  [
    'update',
    new RegExp(
      `\\b(?:update|change|edit|move|mark|set|close|complete|finish|resolve|reopen)\\b.{0,60}\\b${NOUN}\\b`,
      'i',
    ),
  ],
  ['update', new RegExp(`${NOUN_KO}.{0,60}(?:수정|변경|업데이트|완료|닫아|해결|옮겨)`)],
  ['post', new RegExp(`\\b(?:post|send|share|announce|publish)\\b.{0,200}${WHERE}`, 'iu')],
  ['post', new RegExp(`${WHERE}.{0,200}(?:올려|보내|게시|공지|남겨|알려)`, 'u')],
];

/** Asking how something is done is not asking for it. */
const ASKS_HOW = /\b(?:how (?:do|does|can|could|would|should|to)|why|should (?:we|i)|what if)\b|어떻게|방법|왜/i;
const SPLIT =
  /\s+(?:and then|and|then)\s+|[,;\n]\s*(?:and\s+|then\s+)*|(?<=[.!?])\s+|\s*(?:그리고|그 ?다음에?)\s*|(?<=[가-힣]고|(?:한|든|린) ?(?:다음|뒤|후)에?)[\s,]+/iu;
const QUOTED =
  /"([^"\n]{1,500})"|“([^”\n]{1,500})”|「([^」\n]{1,500})」|'([^'\n]{2,500})'(?![a-z])|`([^`\n]{1,500})`/gu;

/**
 * What a person plainly asks tools to do, in their order; empty when it may just as well be talk. What is quoted is
 * never split and never read as an order.
 */
export function wantsOf(request: string): Want[] {
  const quoted: string[] = [];
  const hidden = request.replace(QUOTED, (whole) => `⟦${quoted.push(whole) - 1}⟧`);
  if (ASKS_HOW.test(hidden)) return [];
  const wants: Want[] = [];
  let before = '';
  for (const clause of hidden.split(SPLIT)) {
    const want = wantIn(`${before}${clause}`);
    const last = wants.at(-1);
    if (want) wants.push(want);
    else if (last) wants[wants.length - 1] = { ...last, words: `${last.words}, ${clause}` };
    before = want || last ? '' : `${before}${clause} `;
  }
  return wants.map((want) => ({
    ...want,
    words: want.words.replace(/⟦(\d+)⟧/gu, (_, index: string) => quoted[Number(index)] ?? ''),
  }));
}

function wantIn(clause: string): Want | undefined {
  const words = clause.trim();
  const verb = VERBS.find(([, said]) => said.test(words))?.[0];
  if (!verb) return undefined;
  const thing = verb === 'post' ? 'message' : THINGS.find(([, said]) => said.test(words))?.[0];
  return { verb, thing: thing ?? 'task', words };
}

/** What was quoted, in its order, without its quotes. */
export const quotedIn = (words: string): string[] =>
  [...words.matchAll(QUOTED)].map(
    (found) =>
      found
        .slice(1)
        .find((part) => part !== undefined)
        ?.trim() ?? '',
  );

/**
 * The part of a turn's words that a person has written: of a step of a plan its instruction, otherwise the request.
 * What colleagues and tools have said is never an order.
 */
export function orderIn(userText: string): string {
  const [own = ''] = userText.split('\n\nColleagues have already answered');
  const [step, larger] = own.split('\n\nThis is one step of a larger request');
  if (larger === undefined || step === undefined) return own;
  const [title = '', ...instruction] = step.split('\n\n');
  return instruction.length > 0 ? instruction.join('\n\n') : title;
}
