import type { planEn } from './plan-en.ts';

/** The subject particle that fits the last syllable: 이 after a final consonant, 가 otherwise. */
const subject = (word: string): string =>
  `${word}${((word.codePointAt(word.length - 1) ?? 0) - 0xac00) % 28 === 0 ? '가' : '이'}`;

/** The same in Korean. */
export const planKo: typeof planEn = {
  goal: '목표',
  step: '단계',
  phase: (nth, total) => `페이즈 ${nth}/${total}`,
  minutes: (minutes) => (minutes < 1 ? '1분 미만' : `${Math.round(minutes)}분`),
  onlyIf: '조건',
  risks: { read: '', write: '변경이 있음', production: '운영 환경이 바뀜' },
  total: (steps, phases) => `단계 ${steps}개, 페이즈 ${phases}개`,
  titles: {
    cost: '승인을 기다리는 중',
    requested: '승인을 기다리는 중',
    plan: '계획 승인을 기다리는 중',
    replan: '계획이 바뀌어 승인을 기다리는 중',
    step: '단계 승인을 기다리는 중',
    budget: '예산이 부족해 결정이 필요합니다',
    healing: '단계가 실패해 결정이 필요합니다',
    loop: '같은 동작이 되풀이되어 결정이 필요합니다',
    tool: '외부 변경이 승인을 기다리는 중',
    effect: '변경이 실행되었는지 확인이 필요합니다',
    reconnect: '연결을 다시 설정해야 합니다',
  },
  people: {
    asker: '요청한 사람',
    admin: '관리자',
    user: '구성원',
    named: (count) => `지정된 ${count}명`,
    delegates: (count) => `대리인 ${count}명`,
  },
  who: (people) => `${subject(people.join(' 또는 '))} 답할 수 있습니다`,
  notAsker: '요청한 사람은 제외',
  onlyAdmin: (words) => `${words}: 관리자만 선택할 수 있음`,
  later: (when, people) => `${when}부터 ${people.join(', ')}도 가능`,
  quorum: (given, needed) => `${needed}명 중 ${given}명 승인`,
  choices: {
    raise: 'RAISE(증액): 한도를 늘리기',
    done: 'DONE(완료): 이미 실행됨',
    retry: 'RETRY(재시도): 다시 시도하기',
    skip: 'SKIP(건너뛰기): 이 단계 없이 진행하기',
    stop: 'STOP(중지): 지금까지의 결과로 끝내기',
  },
  evidence: '발생한 일',
  raise: (scope, period, by, limit) =>
    `${scope === 'user' ? '개인' : '조직'} 한도(${period}) ${limit}, 필요한 증액 ${by}`,
  proposed: '제안',
  steering: { pending: '대기 중', delivered: '전달됨', dropped: '작업이 끝나 전달되지 않음' },
  modes: { steer: '', stop: '중지', replan: '다시 계획' },
  earlier: (count) => `이전 ${count}건`,
  more: (count) => `외 ${count}건`,
  spent: '지금까지 쓴 비용',
  steps: '단계',
  coverage: (answered, total) => `단계 ${total}개 중 ${answered}개가 답변에 반영됨`,
  weights: '가중치',
  receipt: ({ mode, calls, spent, done, total }) =>
    `${mode === 'stop' ? '중지됨' : '취소됨'}: 진행 중이던 호출 ${calls}건, 중지 후 사용 ${spent}, 단계 ${total}개 중 ${done}개 완료`,
};
