import type { shared as en } from '../en/everywhere.ts';

/** As `en/shared.ts`, in Korean. */
export const shared: typeof en = {
  step: '단계',
  phase: (nth, total) => `${nth}단계(총 ${total}단계)`,
  minutes: (minutes) => (minutes < 1 ? '1분 미만' : `${Math.round(minutes)}분`),
  named: (count) => `지정된 ${count}명`,
  delegates: (count) => `대리인 ${count}명`,
  quorum: (given, needed) => `${needed}명 중 ${given}명 승인`,
  evidence: '발생한 일',
  proposed: '제안',
  steering: { pending: '대기 중', delivered: '전달됨', dropped: '작업이 끝나 전달되지 않음' },
  spent: '지금까지 쓴 비용',
  coverage: (answered, total) =>
    answered === total ? `${total}개 단계 모두 반영` : `${total}개 단계 중 ${answered}개 반영`,
  weights: '가중치',
  askedBy: '요청한 에이전트',
  reconnect: (connection) => `${connection} 다시 연결`,
  completed: '완료',
  failed: '실패',
  cancelled: '취소됨',
  stopped: '중지됨',
  agents: '에이전트',
  cost: '비용',
  duration: '소요 시간',
  models: '모델',
  healing: (attempt, cause, action, status) =>
    `자가 복구 시도 #${attempt}: 원인 ${cause}, 조치 ${action}, 상태 ${status}`,
};
