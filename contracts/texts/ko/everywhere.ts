import type { shared as en } from '../en/everywhere.ts';

/** As `en/shared.ts`, in Korean. */
export const shared: typeof en = {
  undoLoss: ({ what, count = 1, people = [], field, value, at }) => {
    const by = people.length > 0 ? ` (${people.join(', ')})` : '';
    return {
      comments: () => `댓글 ${count}개${by}`,
      replies: () => `답글 ${count}개${by}`,
      reactions: () => `이모지 반응 ${count}개${by}`,
      children: () => `하위 항목 ${count}개`,
      attachments: () => `첨부 파일 ${count}개`,
      worklogs: () => `작업 시간 기록 ${count}건${by}`,
      links: () => `다른 항목과의 연결 ${count}개`,
      content: () => `페이지에 적힌 내용${by}`,
      edited: () => `수정한 내용${by}${at ? ` (${at.slice(0, 16).replace('T', ' ')} UTC)` : ''}`,
      field: () => `${field ?? '필드'}의 현재 값 ${value ? `‘${value}’` : '없음'}${by}`,
      unseen: () => '댓글이 있을 수 있음(Nubabel이 읽을 수 없음)',
    }[what]();
  },
  /** What a thread says of taking changes back. */
  undo: {
    takenBack: '되돌림',
    notTakenBack: '되돌리지 못함',
    mayUndo: (count) => `변경 ${count}건을 되돌리려면 UNDO(되돌리기)라고 답해 주세요`,
    undoing: '변경을 되돌리는 중입니다.',
    mayNotUndo: '요청한 사람이나 관리자만 변경을 되돌릴 수 있습니다.',
    nothingToUndo: '되돌릴 수 있는 변경이 없거나 이미 되돌렸습니다.',
    undone: (done, total) => `변경 ${total}건 중 ${done}건을 되돌렸습니다`,
    undoAsks: (count) => `${count}건은 되돌리면 그 뒤 다른 사람이 한 작업이 사라지므로 그대로 두었습니다`,
    wouldLose: (losses) => `아직 되돌리지 않음. 되돌리면 사라지는 것: ${losses.join('; ')}`,
    mayUndoAnyway: '그래도 되돌리려면 ‘승인’이라고 답하세요. 그대로 두려면 아무것도 하지 않아도 됩니다',
    mayUndoInConsole: '콘솔에서 사라지는 것을 모두 확인하고 하나씩 되돌릴 수 있습니다',
  },
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
