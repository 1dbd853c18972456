import { toDateText, toDay, wallClockIn } from './days.ts';
import { findEnglishDates } from './english-dates.ts';
import { findKoreanDates } from './korean-dates.ts';

const NAME = '[\\p{L}\\d][\\p{L}\\d._-]*';
const ASSIGNEES = [
  /<@([A-Z0-9]+)(?:\|[^>]*)?>/u,
  new RegExp(`(?:assign(?:ed)?(?: (?:it|this|that))? to|assignee:?) @?(${NAME})`, 'iu'),
  /담당(?:자)?\s?(?:은|는|:)?\s?@?([가-힣a-zA-Z]{2,20}?)(?:님|씨)?(?:에게|으로|로|께|이|가|,|\.|\s|$)/u,
  new RegExp(`(?<![\\p{L}\\d@])@(?!nubabel\\b)(${NAME})`, 'iu'),
];
const OWNER_AND_NAME = '([a-z\\d][\\w-]*/[a-z\\d][\\w.-]*)';
const REPOS = [
  new RegExp(`github\\.com/${OWNER_AND_NAME}`, 'i'),
  new RegExp(`(?:repo(?:sitory)?|레포(?:지토리)?|저장소)[:\\s]+\`?${OWNER_AND_NAME}`, 'i'),
  new RegExp(`(?<![\\w/.@-])${OWNER_AND_NAME}(?=\`?\\s?(?:의\\s|에\\s)?(?:repo|레포|저장소|#\\d))`, 'i'),
  new RegExp(`\`${OWNER_AND_NAME}\``, 'i'),
  new RegExp(`(?:^|\\s)(?:in|on|to) ${OWNER_AND_NAME}(?![\\w/])`, 'i'),
];
const QUOTED =
  /["“”]([^"“”\n]{1,120})["“”]|[「『]([^」』\n]{1,120})[」』]|(?<![\p{L}\d])['‘]([^'‘’\n]{2,120})['’](?!\p{L}{2})/u;

/** The things a request names: whom, where, what and until when. Only what was found is there. */
export function findEntities(text: string, now: Date, timeZone: string): Record<string, string> {
  const [, double, angled, single] = QUOTED.exec(text) ?? [];
  const found = {
    deadline: findDeadline(text, now, timeZone),
    assignee: firstOf(ASSIGNEES, text),
    repo: firstOf(REPOS, text)?.replace(/\.(?:git)?$/, ''),
    taskName: (double ?? angled ?? single)?.trim() || undefined,
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function firstOf(patterns: readonly RegExp[], text: string): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1];
    if (found) return found;
  }
  return undefined;
}

/** Dates stand near the request; a pasted document may be full of others. */
const MAX_CHARS = 2_000;

/** The day by which a request wants its result, as YYYY-MM-DD, in the asker's time zone. */
export function findDeadline(text: string, now: Date, timeZone: string): string | undefined {
  const clock = wallClockIn(now, timeZone);
  const today = toDay(clock);
  const head = text.slice(0, MAX_CHARS).replace(/\p{Cf}/gu, '');
  const found = [...findEnglishDates(head, today, clock), ...findKoreanDates(head, today)];
  const [best] = found.sort((a, b) => Number(b.isLimit) - Number(a.isLimit) || a.at - b.at);
  return best && toDateText(best.day);
}
