import type { Choice } from './approval.ts';
import type { SteeringMode } from './steering.ts';

/** What a reply answers, if it is nothing but an answer. */
export interface AnswerWord {
  readonly verdict: 'approve' | 'cancel';
  readonly choice?: Choice;
}

/** What buttons of ours say for whoever presses them, by the name that Slack gives back. */
export const BUTTON_WORDS = { ask_again: 'AGAIN', cancel_job: 'CANCEL', use_edit: 'USE EDIT' } as const;
export type ButtonAction = keyof typeof BUTTON_WORDS;

/** What a message wants that is nothing but words of ours, or that people would take for one; every face reads them here. */
export type Said =
  | { readonly kind: 'answer'; readonly word: AnswerWord }
  | { readonly kind: 'undo' | 'help' | 'status' | 'again' | 'edit' }
  /** People answer with it and it decides nothing: yes, ok, 👍; `near` only where a question waits. */
  | { readonly kind: 'vague' | 'near' }
  /** Nothing but politeness: nobody wants anything by it. */
  | { readonly kind: 'thanks' };

/** A longer text is no word of ours, whatever is invisible in it. */
const MAX_CHARS = 1_000;
/** Zero-width, bidirectional and other characters that nobody sees. */
const UNSEEN = /(?![\n\t])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu;
/** As it is or as Slack writes it, in any skin tone. */
const EMOJI = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|:[a-z0-9_+'-]{1,60}:)/giu;
/** Emoji that only underline a yes. */
const NODS =
  /(?:\s|👍|✅|👌|🙏|🙂|😊|🚀|🎉|\p{Emoji_Modifier}|:(?:\+1|thumbsup|white_check_mark|ok_hand|pray|slightly_smiling_face|blush|rocket|tada|skin-tone-\d):)+$/u;
/** Marks around a word that change nothing of what it says. To strike it through, ask or quote does change it. */
const BEFORE = /^[\s*_`"'“”‘’„«»「」『』〈〉《》()[\]{}【】:,.!]+/u;
const AFTER = /[\s*_`"'“”‘’„«»「」『』〈〉《》()[\]{}【】:;,.!…。、~〜]+$/u;

/** A message as its words alone: full-width letters as plain ones, no marks around, small letters, single spaces. */
function plain(text: string): string {
  const whole = text.replaceAll(UNSEEN, '').normalize('NFKC').replaceAll(/\s+/g, ' ').trim().toLowerCase();
  if (/^[\s*_`"'“]*~/u.test(whole)) return whole;
  return whole.replace(NODS, '').replace(AFTER, '').replace(NODS, '').replace(BEFORE, '').replace(AFTER, '');
}

const english = (words: string): RegExp =>
  new RegExp(`^(?:please,? )?(?:${words})(?:,? (?:please|pls|thanks|thank you))?$`, 'u');

const DO = '해(?:요|줘요?|주세요|주십시오|주시죠)?';
/** A Korean noun as people answer with it: alone, as an order or a wish, as done. Without spaces. */
const korean = (nouns: string): RegExp =>
  new RegExp(
    `^(?:${nouns})(?:을|를)?(?:이?요|함|합니다|${DO}|하세요|하십시오|할게요?|하겠습니다|했습니다|했어요|부탁(?:해요?|합니다|드려요|드립니다|드릴게요)|바랍니다|바라요|드립니다|드려요)?$`,
    'u',
  );
const koreanVerb = (stems: string): RegExp => new RegExp(`^(?:${stems})(?:요|줘요?|주세요|주십시오)?$`, 'u');

const choice = (named: Choice): Said => ({ kind: 'answer', word: { verdict: 'approve', choice: named } });

const WORDS: readonly (readonly [english: RegExp, korean: readonly RegExp[], Said])[] = [
  [english('approved?'), [korean('승인')], { kind: 'answer', word: { verdict: 'approve' } }],
  [english('cancel'), [korean('취소')], { kind: 'answer', word: { verdict: 'cancel' } }],
  [english('raise'), [korean('증액')], choice('raise')],
  [english('done'), [korean('완료')], choice('done')],
  [english('retry|try again'), [korean('재시도|다시시도')], choice('retry')],
  [english('skip'), [/^건너뛰기$/u, koreanVerb('건너뛰어')], choice('skip')],
  [english('stop'), [korean('중지|중단'), koreanVerb('멈춰|그만')], choice('stop')],
  [english('undo'), [korean('되돌리기|실행취소'), koreanVerb('되돌려')], { kind: 'undo' }],
  [english('help'), [korean('도움말'), koreanVerb('도와')], { kind: 'help' }],
  [english('status'), [korean('상태|상태확인'), koreanVerb('상태(?:를)?(?:알려|보여)')], { kind: 'status' }],
  [english('use edit|use the edit'), [korean('수정반영|수정내용반영')], { kind: 'edit' }],
  [english('ask again|again'), [korean('다시요청|재요청')], { kind: 'again' }],
];

const setOf = (words: string): ReadonlySet<string> =>
  new Set(
    words
      .normalize('NFKC')
      .split('|')
      .map((word) => word.trim()),
  );

const VAGUE = setOf(
  `y|yes|yep|yeah|yup|ya|ok|okay|okey|k|kk|sure|fine|yes please|sounds good|looks good|looks good to me|lgtm|confirm|
  confirmed|agree|agreed|accept|accepted|allow|allowed|right|correct|of course|absolutely|definitely|+1|n|no|nope|nah|
  no thanks|reject|rejected|deny|denied|decline|declined|not now|later|never|-1|네|넵|넹|예|옙|응|웅|어|그래|그래요|좋아|
  좋아요|좋습니다|오케이|오키|ㅇㅋ|ㅇㅇ|ㅇ|ㄱㄱ|고고|확인|확인했습니다|확인했어요|확인합니다|동의|동의합니다|동의해요|허용|허용합니다|수락|
  수락합니다|괜찮아요|괜찮습니다|알겠습니다|알겠어요|알았어요|아니|아니요|아니오|아뇨|안돼|안돼요|안됩니다|싫어|싫어요|하지마|하지마세요|
  하지마요|거절|거절합니다|거부|거부합니다|반대|반대합니다|ㄴㄴ|ㄴ|노|보류|보류합니다`,
);
/** Where nothing waits for an answer these ask for work. */
const GO_ON = setOf(
  `go|go ahead|go for it|do it|do that|ship it|proceed|continue|don't|don’t|do not|dont|abort|wait|진행|진행해|진행해요|진행해줘|
  진행해주세요|진행합니다|진행하세요|계속|계속해|계속해줘|계속해주세요|해줘|해주세요|하세요|해|합시다|부탁해요|부탁드립니다|잠깐|잠깐만|잠깐만요|
  나중에`,
);
const THANKS =
  /^(?:(?:ok|great|many|perfect|yes|no)[, ]+)?(?:thanks?|thank you|thx|ty|cheers|great|nice|cool|perfect|awesome|good job|well done|lol|ha(?:ha)+|got it|i see|noted)(?: so much| a lot| very much| all| everyone)?$|^(?:네)?(?:감사합니다|감사해요|감사드립니다|고마워요?|고맙습니다|수고하셨습니다|수고했어요|수고하셨어요|수고|잘했어요|훌륭해요|완벽해요|[ㅋㅎ\u110f\u1112]+)$/u;
/** In a message of so few words one of ours is meant as an answer, and is none. */
const FEW_WORDS = 4;
/** And in no more characters: a long row of emoji answers nothing, so it may be asked about. */
const SHORT_CHARS = 40;
const OUR_STEMS = /(?<!\p{L})(?:app?ro+v|cancel|cancle)|승인|취소/u;

/**
 * What a message says with our words alone, whatever marks and politeness are around them; undefined for any other text.
 * A sentence that says more than the word never is the word: "don't APPROVE" and "approve tomorrow" decide nothing.
 */
export function readWords(text: string): Said | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const words = plain(text);
  const joined = words.replaceAll(' ', '');
  for (const [inEnglish, inKorean, said] of WORDS)
    if (inEnglish.test(words) || inKorean.some((pattern) => pattern.test(joined))) return said;
  const bare = plain(text.replaceAll(EMOJI, ' ')).replace(/[\s?]+$/u, '');
  const without = bare.replaceAll(' ', '');
  if (VAGUE.has(words) || VAGUE.has(bare) || VAGUE.has(without)) return { kind: 'vague' };
  if (bare === '' && text.trim() !== '') return { kind: 'vague' };
  if (THANKS.test(bare) || THANKS.test(without)) return { kind: 'thanks' };
  if (GO_ON.has(bare) || GO_ON.has(without)) return { kind: 'near' };
  return words.split(' ').length <= FEW_WORDS && words.length <= SHORT_CHARS && OUR_STEMS.test(words)
    ? { kind: 'near' }
    : undefined;
}

/** What a text that asks for nothing says, for doors that take requests only. */
export type ReservedWord = 'answer' | 'end' | 'undo' | 'again' | 'help' | 'status' | 'nothing';

const YES_OR_NO = /^(?:yes|no|ok|네|아니)/iu;

/**
 * Whether a new request is nothing but a word of ours, which would be paid work for nobody: doors that take requests say
 * where the word counts. In a conversation a "yes" may answer what an agent has asked back, so it is a request there.
 */
export function reservedWord(text: string, isFollowUp: boolean): ReservedWord | undefined {
  const said = readWords(text);
  if (!said || said.kind === 'near') return undefined;
  if (said.kind === 'answer') return said.word.verdict === 'cancel' || said.word.choice === 'stop' ? 'end' : 'answer';
  if (said.kind === 'vague') return isFollowUp || text.trim().length > SHORT_CHARS ? undefined : 'nothing';
  // "Yes, thanks" may answer what an agent has asked; thanks alone asks for nothing.
  if (said.kind === 'thanks') return isFollowUp && YES_OR_NO.test(text.trim()) ? undefined : 'nothing';
  return said.kind === 'edit' ? 'nothing' : said.kind;
}

/** The answer that a text is; undefined when it says anything else. */
export function parseAnswer(text: string): AnswerWord | undefined {
  const said = readWords(text);
  return said?.kind === 'answer' ? said.word : undefined;
}

const REPLAN =
  /^(?:(?:replan|re-plan|plan again)(?![\p{L}\p{N}_])|(?:다시 ?계획|재계획|계획 ?변경)(?:해 ?(?:줘|주세요)|합니다)?(?=$|[\s:,.]))[\s:,.*_`"'”’)-]*/iu;

/**
 * How a message to running work is meant: STOP alone stops, REPLAN in front plans the rest anew, all else steers.
 * Undefined for a REPLAN that does not say what should change.
 */
export function parseSteering(text: string): { mode: SteeringMode; message: string } | undefined {
  if (parseAnswer(text)?.choice === 'stop') return { mode: 'stop', message: '' };
  const shown = text.replaceAll(UNSEEN, '').trim();
  const start = shown.replace(BEFORE, '');
  // Full-width letters are as many as the plain ones that they stand for.
  const prefix = REPLAN.exec(start.slice(0, 60).normalize('NFKC'))?.[0];
  if (prefix === undefined) return { mode: 'steer', message: text.trim() };
  const message = start.slice(prefix.length).trim();
  return message.replace(AFTER, '') === '' ? undefined : { mode: 'replan', message };
}
