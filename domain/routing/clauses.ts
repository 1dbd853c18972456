// Korean joins requests with verb endings; the listed stems keep nouns such as 광고 and 보고 whole.
const KOREAN_JOIN =
  '(?<=(?:하|해주|써주|쓰|만들|보내|짜|잡|뽑|돌리|고치|올리|바꾸|맞추|세우|짓|지어주|정하|줄이|찾|뽑아주|나서|주시)고|나서|해서|한 뒤|한 후|한 다음|다음에)\\s';
const WORD_JOIN = '\\s(?:and|then|also|plus|afterwards|그리고|그리구|및|또한|또|그런 다음|그 다음|이어서)\\s';
const MARK = '[\\n;,!?。、，；•]|\\.(?=\\s|$)|\\s[-–—&+]\\s|\\s/\\s';
const BOUNDARY = new RegExp(`${MARK}|${WORD_JOIN}|${KOREAN_JOIN}`);

/** Clauses looked at one by one; a longer list is a text to work on, not a list of requests. */
const MAX_CLAUSES = 24;

/** Splits a normalised request where one wish ends and the next may begin. */
export function splitClauses(text: string): string[] {
  const parts = text.split(BOUNDARY).filter((part) => part.trim() !== '');
  if (parts.length <= MAX_CLAUSES) return parts;
  return [...parts.slice(0, MAX_CLAUSES - 1), parts.slice(MAX_CLAUSES - 1).join(' ')];
}
