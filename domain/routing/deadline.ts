import { DEADLINE_RULES } from './deadline-rules.ts';
import { type Day, dayIn, toDateText } from './days.ts';

/** Dates stand near the request; a pasted document may be full of others. */
const MAX_CHARS = 2_000;
const BEFORE = /(?:by|until|till|before|due|deadline:?|마감:?|기한:?)\s*(?:on |the )?$/i;
const AFTER = /^\s?(?:전?까지|안에|이내|내로|마감)/;

interface Found {
  readonly day: Day;
  readonly at: number;
  /** Said to be a limit, not just a date. */
  readonly isLimit: boolean;
}

/** The day by which a request wants its result, as YYYY-MM-DD, in the asker's time zone. */
export function findDeadline(text: string, now: Date, timeZone: string): string | undefined {
  const today = dayIn(now, timeZone);
  const found = daysIn(text.slice(0, MAX_CHARS), today);
  const [best] = found.sort((a, b) => Number(b.isLimit) - Number(a.isLimit) || a.at - b.at);
  return best && toDateText(best.day);
}

function daysIn(text: string, today: Day): Found[] {
  return DEADLINE_RULES.flatMap((rule) =>
    [...text.matchAll(rule.pattern)].flatMap((match) => {
      const day = rule.resolve(match.slice(1), today);
      if (!day) return [];
      const before = text.slice(0, match.index) + (/^(?:by|until|till|before|due)\b/i.exec(match[0])?.[0] ?? '');
      const isLimit = BEFORE.test(before) || AFTER.test(text.slice(match.index + match[0].length));
      return [{ day, at: match.index, isLimit }];
    }),
  );
}
