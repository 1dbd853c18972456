import type { toolsEn } from './tools-en.ts';

/** As `toolsEn`, in Korean. */
export const toolsKo: typeof toolsEn = {
  ask: '외부의 내용을 바꾸는 호출입니다. 표시된 그대로 실행하려면 APPROVE(승인), 작업을 중단하려면 CANCEL(취소)을 입력하세요',
  askedBy: '요청한 에이전트',
  askReasons: {
    risk: '외부 내용을 변경합니다',
    untrusted_input: '검증되지 않은 텍스트에서 온 값일 수 있습니다',
  },
  effectUnknown:
    '응답이 유실되어 실행 여부를 알 수 없습니다. 먼저 직접 확인한 뒤 아래 중 하나를 입력하거나, 작업을 중단하려면 CANCEL(취소)을 입력하세요',
  reconnectAsk: (connection) => `${connection} 연결의 권한이 만료되었습니다.`,
  reconnectHow:
    '다시 연결하면 작업이 자동으로 이어집니다. 또는 아래 중 하나를 입력하거나, 작업을 중단하려면 CANCEL(취소)을 입력하세요',
  reconnect: (connection) => `${connection} 다시 연결`,
  leftOut: '사용하지 못함',
  leftOutReasons: {
    reconnect: '다시 연결해야 합니다',
    failing: '지금 응답하지 않습니다',
    quarantined: '일부 도구가 바뀌어 관리자의 확인이 필요합니다',
    disabled: '사용이 중지되어 있습니다',
    no_credentials: '아직 연결되지 않았습니다',
  },
  changed: '외부 변경',
  openEffect: '실행 여부를 알 수 없음',
  takenBack: '되돌림',
  notTakenBack: '되돌리지 못함',
  mayUndo: (count) => `변경 ${count}건을 되돌리려면 UNDO(되돌리기)라고 답해 주세요`,
  undoing: '변경을 되돌리는 중입니다.',
  mayNotUndo: '요청한 사람이나 관리자만 변경을 되돌릴 수 있습니다.',
  nothingToUndo: '되돌릴 수 있는 변경이 없거나 이미 되돌렸습니다.',
  undone: (done, total) => `변경 ${total}건 중 ${done}건을 되돌렸습니다`,
  callingTool: (tool) => `${tool} 호출 중`,
  toolCalled: '도구를 호출했습니다',
};
