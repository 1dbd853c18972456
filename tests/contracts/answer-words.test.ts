import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAnswer, parseSteering, readWords, reservedWord } from '../../contracts/answer-words.ts';

const WIDE = (word: string) =>
  word.replaceAll(/[A-Za-z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0));

/** Texts between bars, as they stand but for what is around them. */
const listed = (texts: string): string[] => texts.split('|').map((text) => text.replace(/^\s+|\s+$/g, ''));

/** Words as people write them, each with the same meaning. */
const decorated = (word: string): string[] => [
  word,
  word.toLowerCase(),
  ` ${word} `,
  `*${word}*`,
  `_${word}_`,
  `*_${word}_*`,
  `\`${word}\``,
  `\`\`\`${word}\`\`\``,
  `"${word}"`,
  `“${word}”`,
  `‘${word}’`,
  `「${word}」`,
  `(${word})`,
  `[${word}]`,
  `${word}\u200b`,
  `\u2060${word}\ufeff`,
  `${word.slice(0, 2)}\u200d${word.slice(2)}`,
  `\u202a${word}\u202c`,
  WIDE(word),
  `${word}.`,
  `${word}!!`,
  `${word}!!`,
  `${word}…`,
  `${word};`,
  `: ${word}`,
  `, ${word}`,
  `${word}\n`,
  `${word}~`,
];

const MEANINGS = [
  ['APPROVE', { kind: 'answer', word: { verdict: 'approve' } }],
  ['CANCEL', { kind: 'answer', word: { verdict: 'cancel' } }],
  ['RAISE', { kind: 'answer', word: { verdict: 'approve', choice: 'raise' } }],
  ['DONE', { kind: 'answer', word: { verdict: 'approve', choice: 'done' } }],
  ['RETRY', { kind: 'answer', word: { verdict: 'approve', choice: 'retry' } }],
  ['SKIP', { kind: 'answer', word: { verdict: 'approve', choice: 'skip' } }],
  ['STOP', { kind: 'answer', word: { verdict: 'approve', choice: 'stop' } }],
  ['UNDO', { kind: 'undo' }],
  ['HELP', { kind: 'help' }],
  ['STATUS', { kind: 'status' }],
  ['승인', { kind: 'answer', word: { verdict: 'approve' } }],
  ['취소', { kind: 'answer', word: { verdict: 'cancel' } }],
  ['중지', { kind: 'answer', word: { verdict: 'approve', choice: 'stop' } }],
  ['되돌리기', { kind: 'undo' }],
  ['도움말', { kind: 'help' }],
  ['상태', { kind: 'status' }],
] as const;

describe.each(MEANINGS)('%s', (word, said) => {
  it.each(decorated(word))('is meant by %j', (text) => {
    expect(readWords(text)).toEqual(said);
  });
});

describe('an answer', () => {
  it.each(
    listed(`approve please | please approve | Approved | APPROVE 👍 | approve ✅ | approve :+1: | Approve, thanks! |
    승인해줘 | 승인해 줘 | 승인해줘요 | 승인해주세요 | 승인해 주세요 | 승인해주십시오 | 승인합니다 | 승인합니다. | 승인해요 | 승인해 | 승인할게요 | 승인하겠습니다 |
    승인함 | 승인했습니다 | 승인이요 | 승인 부탁드립니다 | 승인 부탁해요 | 승인 바랍니다 | 승인~ | 승인!! | *승인* | “승인합니다”`),
  )('approves: %j', (text) => {
    expect(parseAnswer(text)).toEqual({ verdict: 'approve' });
  });

  it.each(['취소해줘', '취소해 주세요', '취소할게요', '취소합니다', '취소 부탁드려요', 'cancel please'])(
    'cancels: %j',
    (text) => {
      expect(parseAnswer(text)).toEqual({ verdict: 'cancel' });
    },
  );

  it.each(['되돌려줘', '되돌려 주세요', '되돌려', '실행 취소', '되돌리기 부탁드립니다', 'undo please'])(
    'takes back: %j',
    (text) => {
      expect(readWords(text)).toEqual({ kind: 'undo' });
    },
  );

  it.each(['중지해줘', '중단해 주세요', '멈춰', '멈춰 주세요', '그만', 'stop!!'])('stops: %j', (text) => {
    expect(parseAnswer(text)).toEqual({ verdict: 'approve', choice: 'stop' });
  });

  it.each(
    listed(`don't APPROVE | do not approve | approve tomorrow | approve? | APPROVE ? | I approve | approve it |
    approve cancel | APPROVE\nCANCEL | approve but use blue | not approve | never approve | un-approve |
    disapprove | approve 🚫 | APPROVE :x: | approve 👎 | ~APPROVE~ | *~approve~* | > APPROVE | approve /s |
    approve step 2 | <@U_ADA> APPROVE | approve @ada | should I approve | say APPROVE | type "APPROVE" |
    аpprove | approv | approval | approve approve | a p p r o v e | 승인하지 마세요 | 승인 안 해 | 승인 취소 | 승인해도 될까요? |
    승인할까요? | 승인? | 승인 보류 | 미승인 | 승인 거부 | 승인은 내일 | 승인하면 안 돼요 | 승인 안됨 | 승인 불가 | 취소하지 마 | 안 승인 |
    cancel the meeting | cancelled | cancel? | yes | ok | 네 | 👍`),
  )('is none: %j', (text) => {
    expect(parseAnswer(text)).toBeUndefined();
  });

  it('never comes of a sentence that says more', () => {
    const more = fc.constantFrom(
      'not',
      'tomorrow',
      'step',
      'the',
      "don't",
      '안',
      '내일',
      '2',
      '?',
      'never',
      '👎',
      'if',
      '/',
      '#1',
      '@ada',
      '->',
    );
    const word = fc.constantFrom('APPROVE', 'approve', '승인', '승인합니다', '*APPROVE*');
    fc.assert(
      fc.property(word, more, fc.boolean(), fc.constantFrom(' ', ' *', '\n', ' \u200b'), (said, other, first, gap) => {
        expect(parseAnswer(first ? `${other}${gap}${said}` : `${said}${gap}${other}`)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is looked for in linear time', () => {
    for (const part of ['*', '👍', ' ', ':a', 'please ', '승인해', '\u200b', '~']) {
      const startedAt = performance.now();
      for (let n = 0; n < 20; n++) readWords(part.repeat(500));
      expect(performance.now() - startedAt).toBeLessThan(500);
    }
  });
});

describe('what people answer with and decides nothing', () => {
  it.each(
    listed(`yes | Yes! | ok | OK. | okay | *ok* | y | sure | LGTM | yes please | no | nope | 네 | 네! | 예 | 응 | 넵 |
    ㅇㅇ | ㅇㅋ | 좋아요 | 알겠습니다 | 아니요 | 아뇨 | 거절 | 확인했습니다 | 👍 | 👍🏽 | 👍👍 | :+1: | :+1::skin-tone-3: | :thumbsup: |
    ✅ | 👎 | :-1: | 🙆‍♀️ | ❤️ | ok 👍 | 👍 ok | 네 :+1: | ok? | yes\u200b | ＯＫ | +1`),
  )('is vague: %j', (text) => {
    expect(readWords(text)).toEqual({ kind: 'vague' });
  });

  it.each(
    listed(`approve? | don't approve | I approve | aprove | cancle | 승인할까요? | 승인하지 마세요 | go ahead | continue |
    진행해줘 | ~APPROVE~`),
  )('is near: %j', (text) => {
    expect(readWords(text)).toEqual({ kind: 'near' });
  });

  it.each(
    listed(
      `thanks | Thank you! | thx 🙏 | great, thanks | perfect | 감사합니다 | 고마워요 | 수고하셨습니다 :pray: | ㅋㅋㅋ | lol`,
    ),
  )('is thanks: %j', (text) => {
    expect(readWords(text)).toEqual({ kind: 'thanks' });
  });

  it.each(
    listed(`draft a launch tweet | help me with the launch plan | status of the launch? | ok, now draft the email |
    no, use blue | cancel the meeting with Bob | undo the last migration in staging | 네이버 광고 계획 |
    상태 관리 라이브러리 비교 | 5 | a`),
  )('is anything else: %j', (text) => {
    expect(readWords(text)).toBeUndefined();
  });
});

describe('a message to running work', () => {
  it.each(['STOP', '*stop*', '“STOP”', 'ＳＴＯＰ', '중지해줘', 'stop\u200b'])('stops: %j', (text) => {
    expect(parseSteering(text)).toEqual({ mode: 'stop', message: '' });
  });

  it.each([
    ['REPLAN: use Postgres', 'use Postgres'],
    ['*REPLAN* use Postgres', 'use Postgres'],
    ['`replan` use Postgres', 'use Postgres'],
    ['“REPLAN”: use Postgres', 'use Postgres'],
    ['\u200bＲＥＰＬＡＮ： use ①', 'use ①'],
    ['plan again, without Jira', 'without Jira'],
    ['다시 계획해줘: 예산 절반으로', '예산 절반으로'],
    ['재계획 예산 절반으로', '예산 절반으로'],
  ])('replans: %j', (text, message) => {
    expect(parseSteering(text)).toEqual({ mode: 'replan', message });
  });

  it.each(['REPLAN', '*REPLAN*', 'replan:', '다시 계획', '재계획해줘'])(
    'does not say what should change: %j',
    (text) => {
      expect(parseSteering(text)).toBeUndefined();
    },
  );

  it.each([
    'replanning takes too long',
    'plan against churn',
    '계획변경사항을 알려줘',
    'also use Postgres',
    'stop using Jira',
  ])('steers: %j', (text) => {
    expect(parseSteering(text)).toEqual({ mode: 'steer', message: text });
  });
});

describe('a request for work', () => {
  it.each([
    ['APPROVE', 'answer'],
    ['승인해줘', 'answer'],
    ['retry', 'answer'],
    ['*cancel*', 'end'],
    ['취소', 'end'],
    ['stop please', 'end'],
    ['중지', 'end'],
    ['UNDO', 'undo'],
    ['되돌려줘', 'undo'],
    ['help', 'help'],
    ['도움말', 'help'],
    ['Status', 'status'],
    ['상태', 'status'],
    ['ask again', 'again'],
    ['thanks!', 'nothing'],
    ['👍', 'nothing'],
    ['네', 'nothing'],
  ])('is not %j, anew', (text, word) => {
    expect(reservedWord(text, false)).toBe(word);
  });

  it('may be a yes in a conversation, where an agent may have asked back, but no APPROVE', () => {
    for (const yes of ['yes', '네', 'ok', 'Yes, thanks', 'no, thanks', '네 감사합니다'])
      expect(reservedWord(yes, true)).toBeUndefined();
    expect(reservedWord('APPROVE', true)).toBe('answer');
    expect(reservedWord('thanks', true)).toBe('nothing');
  });

  it.each([
    'approve the budget draft and send it',
    'help me write a tweet',
    'status report for the board',
    'cancel my flight to Berlin tomorrow',
    '승인 절차를 문서로 정리해줘',
    '주문 취소 메일 초안을 써줘',
    '😀'.repeat(50),
  ])('is a message that says more: %j', (text) => {
    expect(reservedWord(text, false)).toBeUndefined();
  });
});
