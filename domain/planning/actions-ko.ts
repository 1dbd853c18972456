import { distinct, type Action, type Reading } from './actions.ts';

/** Nouns that 하다 makes verbs of. */
const NOUNS =
  `분석 검토 조사 점검 확인 비교 평가 작성 수정 해결 구현 개발 테스트 실행 배포 출시 삭제 이전 마이그레이션 요약 정리 분류 발송 전송
  공지 게시 공개 번역 제안 측정 설계 디자인 기획 준비 설정 교육 중단 종료 계산 추가 병합 업데이트 업그레이드 백업 패치 교체 제거 표시 대조 선정 추천
  문서화 협상 업로드 다운로드 리팩터링 리팩토링 오픈 런칭 예약 보고 익명화 검증 수집 취합 적용 반영 등록 생성 복구 복원 변경 초대 진행 승인
  계약 제출 배정 산정 내보내기 최적화 교정 정비 도입 구축 설치 연동 릴리스 릴리즈 롤아웃 예측 설명 발표 공유`.split(
    /\s+/,
  );
/** Other verbs, each with the stems that its endings leave. */
const STEMS: Readonly<Record<string, string>> = {
  고치: '고치|고쳐|고친',
  찾: '찾고|찾아|찾은|찾기',
  쓰: '(?<=[\\s,]|^)(?:쓰고|써|쓴|쓰기)',
  만들: '만들|만든',
  보내: '보내|보낸',
  모으: '모으|모아|모은',
  옮기: '옮기|옮겨|옮긴',
  바꾸: '바꾸|바꿔|바꾼',
  지우: '지우|지워|지운',
  돌리: '돌리|돌려|돌린',
  가져오: '가져오|가져와|가져온',
  열: '(?<=[\\s,]|^)(?:열고|열어|연)',
  받: '받고|받아|받은|받기',
  올리: '올리|올려|올린',
  줄이: '줄이|줄여|줄인',
  나누: '나누|나눠|나눈',
  알리: '(?<=(?:에게|께|한테|에) )(?:알려|알리|알린)',
  세우: '(?<=계획을? )(?:세우고)',
};

/** Endings of a verb that asks for work: connective, or a request. */
const GOES_ON = '(?:하고|하며|해서|하여|한 ?(?:다음|뒤|후)|하기|하십시오|해(?=\\s*(?:줘|주|라|봐|$|[.,!])))';
const ENDS =
  '(?:고(?=[\\s,]|$)|서(?=[\\s,]|$)|며(?=[\\s,]|$)| ?(?:다음|뒤|후)|기(?=\\s*(?:[,.\\d\\n-]|$))| ?(?:줘|주세요|주십시오|줄래|라)|(?=\\s*[,.!]|$))';
/** Every form in which a verb asks for work. */
const VERBS: readonly (readonly [verb: string, pattern: RegExp])[] = [
  ...NOUNS.map((noun) => [noun, new RegExp(`${noun}(?:을|를)?\\s?${GOES_ON}`, 'g')] as const),
  ...Object.entries(STEMS).map(([verb, spelled]) => [verb, new RegExp(`(?:${spelled})${ENDS}`, 'g')] as const),
];
/** An item of a list often ends in the bare noun. */
const ITEM = new RegExp(`(${NOUNS.join('|')})(?:하기)?\\s*$`);
/** "작성, 검토, 게시까지 부탁해": nouns in a row that one word asks for. */
const ROW = NOUNS.map((noun) => [noun, new RegExp(`${noun}(?=\\s*(?:[,·]|까지|및))`, 'g')] as const);
/** Any other verb counts with an object or a recipient right before it, where the message asks for work at all. */
const OPEN =
  /[가-힣A-Za-z\d](?:을|를|에게|한테|으로|(?<=것|나머지|개|쪽|건)[은는])\s+([가-힣]{1,6}?)(?:하고|해서|한 ?(?:다음|뒤|후)|해 ?(?:줘|주)|고(?=[\s,])|은 ?(?:다음|뒤|후))/g;
/** Verbs of thinking and speaking describe somebody, and ask for no work. */
const NO_WORK = /^(?:말|원|생각|느끼|싶|좋아|가지|갖|대|위|통|알|읽|보|듣|겪)$/;
/** What goes on into "that does so" describes a thing: 정렬해서 출력하는 코드. */
const DESCRIBES = /^\s*[가-힣]+(?:하|되|주|시키)는\s/;
const REQUEST =
  /(?:줘|주세요|주십시오|주라|하자|부탁(?:해|해요|합니다|드려요|드립니다)?|해라|하십시오|바랍니다|줄래|주실래요|줄 수 있.*|주실 수 있.*|해야 해)[^가-힣]*$/;
const LIST = /(?:^|\s)(?:\d{1,2}[.)]|[-*•])\s/;

const IRREVERSIBLE = /^(?:배포|출시|삭제|이전|마이그레이션|오픈|런칭|게시|공개|중단|종료|릴리스|릴리즈|롤아웃|지우)$/;
const ON_PRODUCTION = /(?:운영|프로덕션|실서버)(?:에|도|을|를| 환경에| 환경을| 서버에| 서버를)?\s+$/;
const SENDING = /^(?:보내|발송|전송|알리|공지|초대)$/;
const TO_MANY =
  /(?:고객|사용자|투자자|구독자|파트너|회원|모두|전체|전원|언론|기자)(?:들)?(?:에게|께|한테|에)[^,.]{0,30}$/;

const QUESTION =
  /(?:[까나]요|는지(?: 궁금.*)?|인가요|은가요|는가요|던가요|뭐야|뭔가요|무엇인가요|뭐지|[었였겠]지|됐어|걸려|궁금(?:합니다|해요|해)|뭐예요|하죠|하지요|어때|좋을까|할까)\s*[?？.]*\s*$|(?:설명해|(?<!(?:에게|께|한테|에) )알려) ?(?:줘|주세요)[.\s]*$/;
const ASKS_POLITELY =
  /(?:줄래요?|주실래요|주시겠어요|줄 수 있(?:나요|을까요|어요?)|주실 수 있(?:나요|을까요))\s*[?？.]*\s*$/;
const STEPS = /\d\s*단계\s*[:.)].*\d\s*단계\s*[:.)]/s;
const ASKED = [
  /계획(?:을|부터)?\s*(?:먼저 )?(?:세워서|수립해|세운 ?(?:다음|뒤|후)|짜서|만들어서|수립해서|수립한 ?(?:다음|뒤|후))/,
  /계획(?:을|부터)?\s*(?:먼저 )?(?:세우고|짜고|수립하고|하고)\s.*(?:해|세요|줘)/,
  STEPS,
  /(?:순서대로|차례대로|단계별로)\s*(?:(?:모두|전부|다) )?(?:진행|실행|처리|해)/,
];
const ORDERED =
  /\d단계|순서대로|차례대로|단계별로|먼저|그 ?다음|다음에|마지막으로|끝으로|(?:한|친|은|낸|든|운) ?(?:다음|뒤|후)/;

/** Words of others, which ask for nothing. */
const QUOTED = /["“‘「][^"“”‘’「」]*["”’」]|`+[^`]*`+/g;

/** What a Korean request asks to be done. */
export function readKorean(message: string): Reading {
  const text = message.replace(QUOTED, ' ');
  const listed = VERBS.flatMap((verb) => matchesIn(text, ...verb));
  const matches = REQUEST.test(text)
    ? [...listed, ...ROW.flatMap((row) => matchesIn(text, ...row)), ...otherMatches(text, listed)]
    : listed;
  const isQuestion = QUESTION.test(text.trim()) && !ASKS_POLITELY.test(text.trim());
  return {
    question: isQuestion,
    asked: !isQuestion && ASKED.some((pattern) => pattern.test(text)),
    ordered: ORDERED.test(text),
    actions: distinct([
      ...matches.filter((one) => isWork(text, one)).map(({ verb, from }) => actionOf(verb, before(text, from))),
      ...itemsIn(text),
    ]),
  };
}

interface Match {
  readonly verb: string;
  readonly from: number;
  readonly to: number;
}

const matchesIn = (text: string, verb: string, pattern: RegExp): Match[] =>
  [...text.matchAll(pattern)].map((found) => ({ verb, from: found.index, to: found.index + found[0].length }));

const isWork = (text: string, { to }: Match): boolean => !DESCRIBES.test(text.slice(to, to + 20));

const otherMatches = (text: string, listed: readonly Match[]): Match[] =>
  [...text.matchAll(OPEN)]
    .map((found) => ({ verb: found[1] ?? '', from: found.index, to: found.index + found[0].length }))
    .filter(({ verb, from, to }) => !NO_WORK.test(verb) && !listed.some((one) => one.from < to && from < one.to));

const before = (text: string, index: number): string => text.slice(Math.max(0, index - 60), index);

const itemsIn = (text: string): Action[] => {
  const items = text.split(LIST).slice(1);
  if (items.length < 2) return [];
  return items.flatMap((item) => {
    const verb = ITEM.exec(item)?.[1];
    return verb === undefined ? [] : [actionOf(verb, item)];
  });
};

const actionOf = (verb: string, words: string): Action => ({
  verb,
  irreversible: IRREVERSIBLE.test(verb) || ON_PRODUCTION.test(words) || (SENDING.test(verb) && TO_MANY.test(words)),
});
