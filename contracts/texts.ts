import type { AgentId, Language } from './agents.ts';
import { planEn } from './texts/plan-en.ts';
import { planKo } from './texts/plan-ko.ts';
import { toolsEn } from './texts/tools-en.ts';
import { toolsKo } from './texts/tools-ko.ts';

/** How people know the agents; Korean messages keep the English names, as teams do. */
export const AGENT_NAMES: Readonly<Record<AgentId, string>> = {
  brand: 'Brand',
  marketing: 'Marketing',
  ops: 'Ops',
  product: 'Product',
  engineering: 'Engineering',
  support: 'Support',
  growth: 'Growth',
  finance: 'Finance',
  general: 'General',
};

const en = {
  plan: planEn,
  tools: toolsEn,
  received: 'Received',
  understanding: 'Understanding the request',
  planning: 'Making a plan',
  reminder: 'Somebody still has to answer.',
  escalated: 'Nobody has answered yet, so you may answer too.',
  followUp: 'What you added',
  running: (name: string, nth: number, total: number) => `Running agent: ${name} (${nth}/${total})`,
  merging: 'Merging the answers',
  awaitingApproval: 'Waiting for approval',
  approved: 'Approved',
  completed: 'Done',
  partial: 'Done, with parts missing',
  failed: 'Failed',
  cancelled: 'Cancelled',
  expired: 'Nobody answered in time',
  question: 'Type APPROVE to proceed or CANCEL to abort',
  until: 'Expires at',
  estimate: 'Estimated cost',
  worstCase: 'at most',
  agents: 'Agents',
  cost: 'Cost',
  duration: 'Duration',
  models: 'Models',
  missing: 'Missing',
  demo: 'Demo model: no ANTHROPIC_API_KEY is set',
  insights: 'Also',
  shortened: 'The answer is longer than a Slack message may be; the whole of it is in the console.',
  budgetUser:
    'Your budget for today is used up, so nothing more was run. It starts anew at midnight UTC; an admin can raise it.',
  budgetOrganization:
    "Your organization's budget is used up, so nothing more was run. An admin can raise it, or wait for the next period.",
  modelUnavailable:
    'The model could not be reached after several tries. Nothing is lost: please ask again in a few minutes.',
  modelRefused: 'The model declined this request. Please put it differently.',
  modelUnauthorized: "The model's API key was not accepted. An operator has to check ANTHROPIC_API_KEY.",
  timedOut: 'The work took longer than allowed and was stopped. What was spent until then is shown.',
  noAnswer: 'No agent could answer. Please ask again; what was changed outside until then, if anything, is listed.',
  dependencyFailed: 'It needs a step that failed, so it did not run.',
  conditionFalse: 'Its condition said that it is not needed.',
  conditionBroken: 'Its condition could not be decided from what the earlier steps said.',
  skippedByPerson: 'A person decided to go on without it.',
  skippedByHealing: 'It failed and the work went on without it.',
  stoppedByPerson: 'The work was stopped before it began.',
  notApproved: 'Nobody approved it in time, so it was not done.',
  loopBroken: 'It went in circles and was stopped before it cost more.',
  healingOtherModel: 'with another model',
  healingCap: 'the cap on what healing may cost is reached',
  choices: { raise: 'RAISE', done: 'DONE', retry: 'RETRY', skip: 'SKIP', stop: 'STOP' },
  choose: (words: readonly string[]) => `Type ${words.join(', ')}, or CANCEL to abort`,
  circles: {
    same_call: 'The same call was made three times without getting anywhere.',
    ping_pong: 'Two calls took turns three times without getting anywhere.',
    cost_rate: 'it has cost three times what it may cost at worst',
  },
  planRefused: 'No valid plan could be made. What is done stays; RETRY goes on with the present plan.',
  planMissing: 'No valid plan could be made, so nothing has run. APPROVE lets these agents answer without a plan.',
  budgetPaused: 'The budget has no room for the next call, so the work is paused. Nothing that is done is lost.',
  reconnectNeeded: 'A connection has to be reconnected before this can go on.',
  effectUnsettled: 'A change was left open, because nobody knows whether it has happened. It is in the ledger.',
  toolFailed: 'The tool failed. What it said is kept with the call.',
  toolDeclined: 'A person decided that this call is not made.',
  toolMissing: 'There is no such tool, or its connection is not available.',
  stopped: 'Stopped',
  planned: 'Nothing was run: this is what would happen',
  healing: (attempt: number, cause: string, action: string, status: string) =>
    `Self-healing attempt #${attempt}: root cause ${cause}, action ${action}, status ${status}`,
  internal:
    'Something went wrong on our side; the run is kept for inspection. What was changed outside, if anything, is listed.',
  emptyMessage: 'I am here. Write what you need after my name, for example: draft a launch tweet.',
  messageTooLong: 'This message is longer than 40,000 characters. Please shorten it or split it.',
  unknownUser: 'I do not know you in this organization yet, so I may not work for you. Please ask an admin to add you.',
  guest: 'Guests may read but not start work. Please ask an admin for the role "user".',
  nothingToApprove: 'Nothing is waiting for approval in this thread.',
  mayNotCancel: 'Only the person who asked or an admin may cancel this work.',
  cancelling: 'Stopping the work.',
  mayNotApprove: 'You may not answer this; the message in the thread says who may. Your answer was not counted.',
  questionChanged: 'The question has changed; please look at the message again. Your answer was not counted.',
  healingCauses: {
    model_unavailable: 'the model could not be reached',
    internal: 'a fault on our side',
    unknown: 'unknown',
  },
  healingActions: {
    retry: 'try again',
    another_agent: 'another agent',
    skip: 'go on without it',
    ask: 'ask a person',
    stop: 'stop',
  },
  healingStatuses: { running: 'running', succeeded: 'succeeded', failed: 'failed' },
};

const ko: typeof en = {
  plan: planKo,
  tools: toolsKo,
  received: '요청을 받았습니다',
  understanding: '요청을 파악하는 중',
  planning: '계획을 세우는 중',
  reminder: '아직 답변을 기다리고 있습니다.',
  escalated: '아직 아무도 답하지 않아 이제 답하실 수 있습니다.',
  followUp: '추가 요청',
  running: (name, nth, total) => `에이전트 실행 중: ${name} (${nth}/${total})`,
  merging: '답변을 합치는 중',
  awaitingApproval: '승인을 기다리는 중',
  approved: '승인됨',
  completed: '완료',
  partial: '일부 누락된 채 완료',
  failed: '실패',
  cancelled: '취소됨',
  expired: '승인 시간이 지났습니다',
  question: '진행하려면 APPROVE(승인), 중단하려면 CANCEL(취소)을 입력하세요',
  until: '만료 시각',
  estimate: '예상 비용',
  worstCase: '최대',
  agents: '에이전트',
  cost: '비용',
  duration: '소요 시간',
  models: '모델',
  missing: '누락',
  demo: '데모 모델: ANTHROPIC_API_KEY가 설정되지 않았습니다',
  insights: '추가 의견',
  shortened: '답변이 Slack 메시지 한도보다 깁니다. 전체 내용은 콘솔에서 볼 수 있습니다.',
  budgetUser:
    '오늘 예산을 모두 사용해서 더 실행하지 않았습니다. 예산은 UTC 자정에 다시 시작되며, 관리자가 늘릴 수 있습니다.',
  budgetOrganization:
    '조직 예산을 모두 사용해서 더 실행하지 않았습니다. 관리자가 예산을 늘리거나 다음 기간까지 기다려 주세요.',
  modelUnavailable: '여러 번 시도했지만 모델에 연결할 수 없었습니다. 잃어버린 것은 없으니 몇 분 뒤 다시 요청해 주세요.',
  modelRefused: '모델이 이 요청을 거절했습니다. 다르게 표현해 주세요.',
  modelUnauthorized: '모델의 API 키가 거부되었습니다. 운영자가 ANTHROPIC_API_KEY를 확인해야 합니다.',
  timedOut: '허용된 시간보다 오래 걸려 중단했습니다. 그때까지 쓴 비용이 표시됩니다.',
  noAnswer: '답변한 에이전트가 없습니다. 다시 요청해 주세요. 그때까지 외부에서 바뀐 것이 있으면 함께 표시됩니다.',
  dependencyFailed: '필요한 단계가 실패해서 실행하지 않았습니다.',
  conditionFalse: '조건에 따라 필요하지 않은 단계입니다.',
  conditionBroken: '앞 단계의 결과로는 조건을 판단할 수 없었습니다.',
  skippedByPerson: '담당자가 이 단계 없이 진행하기로 했습니다.',
  skippedByHealing: '실패하여 이 단계 없이 진행했습니다.',
  stoppedByPerson: '시작하기 전에 작업이 중지되었습니다.',
  notApproved: '제때 승인되지 않아 실행하지 않았습니다.',
  loopBroken: '같은 동작을 되풀이해서 비용이 더 들기 전에 중단했습니다.',
  healingOtherModel: '다른 모델로',
  healingCap: '복구에 쓸 수 있는 비용 한도에 도달했습니다',
  choices: {
    raise: '증액(RAISE)',
    done: '완료(DONE)',
    retry: '재시도(RETRY)',
    skip: '건너뛰기(SKIP)',
    stop: '중지(STOP)',
  },
  choose: (words) => `${words.join(', ')} 중 하나를 입력하거나, 취소하려면 CANCEL(취소)을 입력하세요`,
  circles: {
    same_call: '같은 호출을 세 번 했지만 진전이 없었습니다.',
    ping_pong: '두 호출이 세 번 번갈아 되풀이되었지만 진전이 없었습니다.',
    cost_rate: '최대 예상 비용의 세 배를 썼습니다',
  },
  planRefused: '올바른 계획을 세울 수 없었습니다. 끝난 단계는 그대로이며, 재시도(RETRY)는 지금 계획으로 계속합니다.',
  planMissing:
    '올바른 계획을 세울 수 없어 아무것도 실행하지 않았습니다. 승인(APPROVE)하면 계획 없이 에이전트가 답합니다.',
  budgetPaused: '다음 호출을 할 예산이 부족해 작업을 잠시 멈췄습니다. 끝난 작업은 그대로 있습니다.',
  reconnectNeeded: '연결을 다시 설정해야 계속할 수 있습니다.',
  effectUnsettled: '실행 여부를 알 수 없어 미정으로 남은 변경이 있습니다. 원장에서 확인할 수 있습니다.',
  toolFailed: '도구 실행에 실패했습니다. 응답은 호출 기록에 남아 있습니다.',
  toolDeclined: '담당자가 이 호출을 하지 않기로 했습니다.',
  toolMissing: '해당 도구가 없거나 연결을 사용할 수 없습니다.',
  stopped: '중지됨',
  planned: '아무것도 실행하지 않았습니다. 실행하면 이렇게 됩니다',
  healing: (attempt, cause, action, status) =>
    `자가 복구 시도 #${attempt}: 원인 ${cause}, 조치 ${action}, 상태 ${status}`,
  internal:
    '저희 쪽에서 문제가 생겼습니다. 실행 기록은 점검을 위해 보관되며, 외부에서 바뀐 것이 있으면 함께 표시됩니다.',
  emptyMessage: '네, 여기 있습니다. 제 이름 뒤에 필요한 것을 적어 주세요. 예: 출시 트윗 초안을 써 줘.',
  messageTooLong: '메시지가 40,000자를 넘습니다. 줄이거나 나누어 보내 주세요.',
  unknownUser: '이 조직에 등록되지 않은 사용자여서 요청을 처리할 수 없습니다. 관리자에게 추가를 요청해 주세요.',
  guest: '게스트는 읽을 수만 있고 작업을 시작할 수 없습니다. 관리자에게 "user" 권한을 요청해 주세요.',
  nothingToApprove: '이 스레드에는 승인을 기다리는 작업이 없습니다.',
  mayNotCancel: '요청한 사람이나 관리자만 이 작업을 취소할 수 있습니다.',
  cancelling: '작업을 중단하는 중입니다.',
  mayNotApprove:
    '이 질문에 답할 권한이 없습니다. 누가 답할 수 있는지는 스레드의 메시지에 나와 있습니다. 답변은 반영되지 않았습니다.',
  questionChanged: '질문이 바뀌었습니다. 메시지를 다시 확인해 주세요. 답변은 반영되지 않았습니다.',
  healingCauses: {
    model_unavailable: '모델에 연결할 수 없음',
    internal: '내부 오류',
    unknown: '알 수 없음',
  },
  healingActions: {
    retry: '다시 시도',
    another_agent: '다른 에이전트',
    skip: '이 단계 없이 진행',
    ask: '담당자에게 문의',
    stop: '중단',
  },
  healingStatuses: { running: '진행 중', succeeded: '성공', failed: '실패' },
};

/** Everything a person reads that is not an agent's own words, in the language of the request. */
export type Texts = typeof en;
export const textsFor = (language: Language): Texts => (language === 'ko' ? ko : en);

/** Root causes that are known without asking a model. */
export type HealingCause = keyof Texts['healingCauses'];

/** Stable codes of `error.code` in a job's status, each with its sentence. */
export const ERROR_TEXT = {
  budget_exhausted_user: 'budgetUser',
  budget_exhausted_organization: 'budgetOrganization',
  model_unavailable: 'modelUnavailable',
  model_refused: 'modelRefused',
  model_unauthorized: 'modelUnauthorized',
  timed_out: 'timedOut',
  no_answer: 'noAnswer',
  dependency_failed: 'dependencyFailed',
  condition_false: 'conditionFalse',
  condition_broken: 'conditionBroken',
  skipped_by_person: 'skippedByPerson',
  skipped_by_healing: 'skippedByHealing',
  stopped: 'stoppedByPerson',
  not_approved: 'notApproved',
  loop_broken: 'loopBroken',
  reconnect_needed: 'reconnectNeeded',
  effect_unknown: 'effectUnsettled',
  tool_failed: 'toolFailed',
  tool_declined: 'toolDeclined',
  tool_missing: 'toolMissing',
  internal: 'internal',
  empty_message: 'emptyMessage',
  message_too_long: 'messageTooLong',
  unknown_user: 'unknownUser',
  guest: 'guest',
} as const satisfies Record<string, keyof Texts>;
export type ErrorCode = keyof typeof ERROR_TEXT;

/** Why something ended as it did: the sentence of its code, or the words themselves when it is none. */
export const reasonSentence = (reason: string, language: Language): string =>
  Object.hasOwn(ERROR_TEXT, reason) ? errorSentence(reason as ErrorCode, language) : reason;

/** The sentence of an error code in a language. */
export const errorSentence = (code: ErrorCode, language: Language): string => {
  const text = textsFor(language)[ERROR_TEXT[code]];
  return typeof text === 'string' ? text : '';
};
