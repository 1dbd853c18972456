/** What models leave where a thought should be. Written so that work about such words is still work. */
const PLACEHOLDERS: readonly RegExp[] = [
  /\bTB[DA]\b/u,
  /^[^\p{L}\p{N}]*(?:to[d]o|tbd|tba|n\/?a|none|placeholder|untitled|title|description|instructions?|example|sample|demo|foo|bar|asdf)[^\p{L}\p{N}]*$/iu,
  /^[^\p{L}\p{N}]*(?:to[d]o|tbd|fix[m]e)\s*[:.…–—-]/iu,
  /[:=([-]\s*(?:to[d]o|tbd|tba)\b[^\p{L}\p{N}]*$/iu,
  /\bto be (?:determined|defined|decided|announced|filled in|completed later|specified later)\b/iu,
  /<\s*(?:insert|your|add|fill|enter|placeholder|describe|specify|name of|to[d]o|tbd)\b[^<>]{0,80}>/iu,
  /\{\{[^{}]{0,100}\}\}/u,
  /\[\s*(?:your|insert|add|fill|enter|placeholder|describe|specify|name of|to[d]o|tbd)\b[^[\]]{0,80}\]/iu,
  /\blorem ipsum\b/iu,
  /^[\s.…\-_*?]+$/u,
  /:\s*(?:\.{3}|…)\s*$/u,
  /^[^\p{L}\p{N}]*(?:step|task) (?:title|description|instructions?|name)(?: here)?[^\p{L}\p{N}]*$/iu,
  /\b(?:title|description|instructions?|text|details?|content) (?:goes )?here\b/iu,
  /^[^\p{L}\p{N}]*(?:step|task)[^\p{L}\p{N}]*\d*[^\p{L}\p{N}]*$/iu,
  /\bx{3,}\b/iu,
  /추후\s*(?:작성|결정|입력|기재|정의|확정)/u,
  /(?:^|:\s*)(?:미정|작성\s*예정|할\s*일|내용\s*없음|없음)[^\p{L}\p{N}]*$/u,
  /(?:여기에|이곳에).{0,20}(?:입력|작성|기재|적으)/u,
  /(?:^|[[<(])\s*(?:내용|설명|제목|이름)(?:을|를)?\s*(?:입력|작성|기재)(?:하세요|해 ?주세요|하십시오| ?예정)?(?:[\]>)]|[^\p{L}\p{N}]*$)/u,
  /[○◯〇]{2,}/u,
  /^[^\p{L}\p{N}]*(?:단계|작업|과제)\s*(?:설명|제목|이름|\d*)[^\p{L}\p{N}]*$/u,
];
/** "Remove every such comment" is work, the bare word is none. */
const BARE_WORD =
  /(?<!\b(?:every|[a]ny|all|each|the|open|no|of|remaining|about)\s)\bTO[D]O\b(?!s?\s+(?:comment|item|list|marker|note|entr|tag|app))/;

/** Whether a text stands for words that are still to be written. */
export const isPlaceholder = (text: string): boolean =>
  text.trim() === '' || BARE_WORD.test(text) || PLACEHOLDERS.some((pattern) => pattern.test(text));

/** Letters as work is written with: one Hangul syllable says as much as two Latin letters. */
export const lengthOfWords = (text: string): number =>
  text.trim().length + (text.match(/[\uac00-\ud7a3]/g)?.length ?? 0);
