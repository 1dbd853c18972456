import type { AgentId, Language } from '../../contracts/agents.ts';
import { readActions } from '../planning/decide-planning.ts';
import { wordsOf } from './features.ts';
import { clip, normalise } from './text.ts';

/** Words of others, which say what they wanted. */
const QUOTED = /["“‘「『][^"“”‘’「」『』]*["”’」』]|`+[^`]*`+/g;
const LEAD =
  /^(?:(?:hi|hiya|hey|hello|please|pls|kindly|ok(?:ay)?|so|also|and|then|now|just|honestly|(?:can|could|would|will) (?:you|u|someone|we)|(?:i'd|we'd|i would|we would) like (?:you )?to|(?:i|we) (?:want|need|have)(?: you)? to|help (?:me|us)(?: to)?|let's|go ahead and)[\s,]+)+/;
const POLITE =
  /^(?:(?:hi|hiya|hey|hello|please|pls)[\s,]+)*(?:can|could|would|will) (?:you|u|someone)\b|(?:줄래|주실래|주시겠|줄 수 있|주실 수 있|주라)[^?？]*[?？]?\s*$/;

const english = (source: string): RegExp => new RegExp(`\\b(?:${source})\\b`);
const NAMED_TASK = '(?:sub)?(?:task|to-?do|issue|ticket|card|action item)s?';
const TASK_KO = '(?:태스크|할\\s?일|이슈|티켓|카드|업무|하위\\s?작업|액션\\s?아이템)';

/** Signs of what is wanted. Each is only evidence: how much it says is learned. */
const SIGNS: Readonly<Record<string, RegExp>> = {
  // What is done with a list of tasks.
  task: english(`${NAMED_TASK}|jira|backlog item|[a-z]{2,6}-0`),
  taskCreated: english(`(?:create|add|open|make|file|log|raise|put|new|turn)\\b.{0,40}\\b(?:${NAMED_TASK}|bug|jira)`),
  taskChanged: english(
    `(?:close|reopen|re-?assign|assign|move|mark|rename|update|change|set|raise|lower|complete|comment)\\b.{0,40}\\b(?:${NAMED_TASK}|[a-z]{2,6}-0|status|priority|done)`,
  ),
  taskListed: english(
    `(?:list|show|what'?s|which|what|all|my|overdue|assigned|give me)\\b.{0,40}\\b(?:${NAMED_TASK}|to-?do list|sprint|overdue|assigned|due)`,
  ),
  taskFound: english(
    `(?:find|search|look up|look for|where is|is there|do we have)\\b.{0,30}\\b(?:${NAMED_TASK}|jira)`,
  ),
  taskKo: new RegExp(TASK_KO),
  taskCreatedKo: new RegExp(`(?:${TASK_KO}|버그).{0,20}(?:만들|추가|등록|생성|올려|남겨|열어|넣어)`),
  taskChangedKo: new RegExp(
    `(?:${TASK_KO}|[a-z]{2,6}-0|우선순위|담당자|상태).{0,30}(?:닫|완료|바꿔|변경|옮겨|수정|배정|넘겨|넘기|높|올려|열어|코멘트|처리)`,
  ),
  taskListedKo: new RegExp(`${TASK_KO}.{0,20}(?:목록|리스트|보여|뽑아|뭐|전부|남)|남았|할당된|기한 지난`),
  taskFoundKo: new RegExp(`${TASK_KO}.{0,20}(?:찾|검색)|(?:찾|검색).{0,6}${TASK_KO}`),
  deploy: english(
    `(?:re)?deploy(?:ing|ed)?|roll(?:ing|ed)? .{0,20}\\b(?:back|out)|rollback|ship (?:it|the|v?0)|go live|(?:to|on) (?:prod|production|staging)|revert (?:prod|production|the release|to)|promote the|push .{0,20}\\blive|back to the version`,
  ),
  deployKo:
    /배포|롤백|되돌려|(?:운영|실서버|프로덕션|스테이징|리전)(?:에|으로|을|를).{0,12}(?:올려|올리|내보|나가|반영|배포)|카나리/,
  // Text, plans and pictures to be made.
  writes: english(
    'write|draft|rewrite|rephrase|reword|compose|translate|summari[sz]e|sum up|condense|shorten|outline|proofread|polish|announce|reply|respond|answer|caption|describe|document|name|rename|apologi[sz]e|explain to|thank|phrase|sound',
  ),
  makes: english(
    'design|sketch|draw|create|make|produce|prepare|plan|propose|suggest|turn|define|build|compile|lay out|come up with|put together|redesign|ideas?|give me|list|set|tell',
  ),
  texts: english(
    'posts?|tweets?|thread|e-?mail|mail|letter|article|ads?|flyer|brochure|slogan|tagline|headlines?|scripts?|faqs?|templates?|guide|check-?list|agenda|specs?|prd|(?:user )?stor(?:y|ies)|personas?|survey|brief|summary|press release|newsletter|copy|blurb|hashtags?|bio|teaser|pitch|case study|concept|requirements?|criteria|macro|response|message|notice|one-?(?:liner|pager)|caption|job posting|handbook|overview|minutes|visuals?|template|logo|layout|cover|calendar|series|statement|description|poem|haiku|joke|letterhead|mood ?board|palette|hypothes[ie]s',
  ),
  writesKo:
    /작성|초안|써\s?(?:줘|주|줄|달)|쓰고|쓰기|번역|요약|정리|다듬|고쳐|바꿔|줄여|지어|짓|문구|카피|교정|영어로|일본어로|한국어로|말투|멘트|답장|답변|회신|안내(?:해|문)|사과|알려드|설명해\s?드|달아|제목/,
  makesKo:
    /만들|짜\s?(?:줘|주|달)|기획|설계|디자인|제안|추천|아이디어|구성|정의|뽑아|잡아|준비|세워|시안|정해|골라|그려|하나$|통일/,
  textsKo:
    /(?:글|메일|공지|기사|대본|소개|보도자료|뉴스레터|포스트|게시글|게시물|트윗|스레드|광고|헤드라인|슬로건|해시태그|가이드|템플릿|체크리스트|점검표|안건|기획서|명세|스펙|요구사항|스토리|페르소나|설문|브리프|매뉴얼|회의록|문서|보고서?|견적|인보이스|자료|목차|계획|일정표?|절차|규칙|컨셉|후보|네이밍|후기|답글|댓글|초대장|매크로|스크립트|faq|prd|도움말|응답|편지|독촉|질문지|무드|대사|자막|표)(?:을|를|이|가|은|는|도|만|랑|이랑|에)?(?:\s|$)/,
  // Something to be examined, computed or decided.
  examines: english(
    'analy[sz]e|analysis|compare|comparison|evaluate|assess|review|check|verify|audit|critique|feedback|find out|investigate|research|root cause|pros and cons|interpret|benchmark|challenge|look at|look into|go (?:over|through)|make sure|read',
  ),
  computes: english(
    'calculate|compute|forecast|estimate|model|total|sum of|split|break-?down|how much|reconcile|measure|scenarios?|margin|cost|price|budget|run ?way|numbers|rate|balance|spend|per',
  ),
  decides: english(
    'rank|prioriti[sz]e|themes?|categor(?:y|ies)|score|sort|triage|classify|cluster|segment|decide|choose|pick|which|order of|cut|judge',
  ),
  examinesKo:
    /분석|비교|평가|검토|점검|확인|진단|조사|피드백|원인|이유|측정|봐\s?(?:줘|주|줄|달)|봐줄|훑어|따져|판단|살펴|찾아내|읽어|짚어|까\s?줘|체크|해석|장단점/,
  computesKo:
    /계산|산출|추정|예측|예상|합계|더해|원가|마진|런웨이|얼마|시나리오|대조|맞춰|비율|나눠|배분|집계|수당|모델|잔액|잔존율|차이|미정산|손익|실적/,
  decidesKo: /순위|우선|분류|골라|순으로|순서로|나눠|점수|판정|순위 매겨|매겨/,
  // Something to be arranged or done.
  arranges: english(
    'book|schedule|reschedule|arrange|order|buy|invite|remind|pay|reimburse|approve|reserve|organi[sz]e|coordinate|call|chase|negotiate|cancel|send|set up|find|get|collect|track|sign(?:ed|atures?)?|welcome|close|correct|put',
  ),
  achieves: english(
    'improve|increase|raise|reduce|grow|promote|double|wake|win back|bring|drive|boost|lower|cut churn|more (?:users|readers|people)|activate|re-?engage|run an?|try|test',
  ),
  arrangesKo:
    /예약|주문|알림|보내|구해|구하|알아봐|연락|승인|결제|신청|섭외|조율|잡아|불러|챙겨|걸어|모아|받아|찾아|옮겨|갱신|전달|공유|마감/,
  achievesKo: /높이|올리|늘리|줄이|싶어|싶습니다|개선|하게\s(?:하|만들)|재활성|복귀|해보자|하자|돌리|실험/,
  // Software.
  builds: english(
    'implement|refactor|debug|fix|port|migrate|upgrade|install|configure|encrypt|parse|optimi[sz]e|cache|limit|merge|replace|support|move|rebuild|simulate|expose|return|function|regex|sql|query|endpoint|api|script|tests?|code|branch|pull request|pr|bug|diff',
  ),
  fails: english(
    "fails?|failed|failing|error|crash(?:es|ed)?|broken|breaks?|doesn't|does not|don't work|won't|timeouts?|leaks?|slow|down|stuck|corrupts?|rejected|twice|out of|hot|nothing|skips",
  ),
  buildsKo:
    /코드|버그|구현|리팩|디버깅|쿼리|인덱스|api|테스트|서버|배치|마이그레|업그레이드|세팅|설정|추가|적용|교체|diff|브랜치|pr|정규식|함수|리뷰/,
  failsKo:
    /(?:안|못) (?:돼|되|떠|먹|나|끝)|에러|오류|크래시|깨(?:져|졌|지)|죽(?:어|었|습)|느려|실패|끊겨|리셋|멈춰|늘어나|새는|누수|꺼져|안\s?비워|두 번|빨간불/,
  // Talk.
  greets:
    /^(?:hi|hello|hey|yo|thanks?|thank you|good (?:morning|afternoon|evening|night|luck)|bye|ok|no|yes|test|nice|great|cool)\b|^(?:안녕|안뇽|하이|고마|감사|좋은 (?:아침|오후|저녁)|네|응|아니|그만|와|새해|수고|저기|음)/,
  wonders:
    /^(?:what|why|how|when|who|whom|whose|which|where|is|are|am|do|does|did|was|were|has|have|should|shall|will|would|can (?:we|i|it|they|a)|could (?:we|i|it)|may)\b/,
  explains: /\b(?:explain|tell me (?:about|what|why|how|whether|if))\b|(?:설명해|알려)\s?(?:줘|주)/,
  asksKo:
    /(?:[까나가]요|[은는인던]가요|니까|뭐(?:야|예요|죠|지|고)?|어디(?:야|예요)?|누구(?:야|예요)?|언제(?:야|예요)?|어때|할까|을까|[죠지]|돼요?|되나|있어요?|해요|하죠|하지|해야 (?:해|돼)|나아|맞아|몇 .{0,6})\s*[?？]?\s*$/,
  states: /(?<![까나가])(?:해요|어요|아요|네요|대요|습니다|했어|됐어|예요|세요|셔요)\s*[.!~]*$/,
  why: /\bwhy\b|왜|어째서/,
  how: /\bhow (?:do|can|should|to|would)\b|어떻게|방법/,
  many: /\bhow (?:many|much|long|big|often)\b|얼마|몇/,
  mark: /[?？]\s*$/,
  bang: /!\s*$/,
};

/** What a request says about what it wants, as words that no person writes. */
export function signalsOf(message: string, language: Language, agent: AgentId): string[] {
  const clipped = clip(message);
  const spoken = clipped.replace(QUOTED, ' ');
  const said = /\p{L}/u.test(spoken) ? spoken : clipped;
  const plain = normalise(said).trim();
  const bare = plain.replace(LEAD, '');
  const { question, actions } = readActions(said, language);
  const words = wordsOf(bare);
  const [first = '', second = ''] = words;
  const last = words.at(-1) ?? '';
  const signs = Object.entries(SIGNS).flatMap(([name, sign]) => (sign.test(bare) ? [name] : []));
  const head = Object.entries(SIGNS).flatMap(([name, sign]) => (sign.test(`${first} ${second}`) ? [name] : []));
  return [
    ...signs.map((sign) => `sign ${sign}`),
    ...signs.map((sign) => `sign ${sign} ${agent}`),
    ...head.map((sign) => `head ${sign}`),
    ...actions.map(({ verb }) => `verb ${verb}`),
    ...(actions[0] ? [`begins ${actions[0].verb}`] : ['no verb']),
    ...(question ? ['question'] : []),
    ...(POLITE.test(plain) ? ['polite'] : []),
    `agent ${agent}`,
    `language ${language}`,
    `first ${first}`,
    `two ${first} ${second}`,
    `last ${last}`,
    `ends ${last.slice(-1)}`,
    `ends ${last.slice(-2)}`,
    `ends ${last.slice(-3)}`,
    `length ${Math.min(6, Math.floor(words.length / 3))}`,
  ];
}
