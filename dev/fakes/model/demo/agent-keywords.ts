import type { TrainedAgent } from '../../../../contracts/agents.ts';

type Specialist = Exclude<TrainedAgent, 'general'>;

/** What the demo analysis listens for. English words match from a word's start, Korean ones anywhere. */
export const AGENT_KEYWORDS: Readonly<Record<Specialist, RegExp>> = {
  brand:
    /\b(brand|logo|tone of voice|tagline|slogan|nam(e|ing) (for|of)|identity|visual|typograph|palette|guideline|colou?r)|브랜드|로고|슬로건|네이밍|아이덴티티|디자인|톤앤매너|색상/gi,
  marketing:
    /\b(market|campaign|launch|announce|newsletter|blog|social|press|ads?\b|advert|seo|content|copy|webinar|audience|linkedin|tweet)|마케팅|캠페인|런칭|출시|광고|홍보|뉴스레터|블로그|보도자료|콘텐츠|카피/gi,
  ops: /\b(ops|operation|process|checklist|onboard|meeting|agenda|minutes|schedul|vendor|office|hiring|hr\b|travel|calendar|leave|event\b)|운영|프로세스|체크리스트|온보딩|회의|일정|공급업체|사무실|채용|인사|출장|휴가/gi,
  product:
    /\b(product|roadmap|feature|spec|prd|requirement|user stor|backlog|priorit|mvp|usability|persona)|제품|로드맵|기능|기획|요구사항|백로그|우선순위|사용자 스토리/gi,
  engineering:
    /\b(code|bug|api|deploy|server|database|sql|test|refactor|architect|latency|error|stack ?trace|typescript|python|react|ci\b|release|outage|function|build|migrat|incident)|코드|버그|배포|서버|데이터베이스|테스트|리팩터|아키텍처|오류|에러|장애|개발|구현|함수/gi,
  support:
    /\b(support|customer (ask|complain|repl|issue|ticket)|ticket|complain|refund request|reply to|help ?desk|faq|angry|apolog)|고객|문의|상담|티켓|불만|지원|답변|사과/gi,
  growth:
    /\b(growth|retention|churn|conversion|funnel|a\/b|experiment|activation|referral|acquisition|cohort|viral|sign-?ups?)|성장|리텐션|이탈|전환|퍼널|실험|활성화|추천|가입/gi,
  finance:
    /\b(financ|budget|invoice|cost|price|pricing|revenue|margin|cash|runway|forecast|tax|expens|profit|p&l|quarterly numbers)|재무|예산|청구|비용|가격|매출|수익|마진|현금|런웨이|세금|지출|손익/gi,
};

const INTENTS: readonly (readonly [RegExp, string])[] = [
  [/\b(deploy|release|roll ?out|ship it)|배포|릴리스/i, 'deploy'],
  [
    /\b(create|add|open|file) (an? |the |new )*(task|ticket|issue|reminder)|(작업|태스크|이슈|티켓).{0,6}(생성|만들|추가|등록)/i,
    'create_task',
  ],
  [
    /\b(update|change|close|move|assign) .{0,20}(task|ticket|issue)|(작업|태스크|이슈|티켓).{0,8}(수정|변경|업데이트|완료)/i,
    'update_task',
  ],
  [/\b(list|show) .{0,20}(tasks|tickets|issues)|(작업|태스크|이슈|티켓).{0,6}목록/i, 'list_tasks'],
  [/\b(find|search) .{0,20}(task|ticket|issue)|(작업|태스크|이슈|티켓).{0,8}(검색|찾)/i, 'search_task'],
  [/\b(code|bug|refactor|implement|function|api|typescript|python|sql)\b|코드|버그|구현|함수|리팩터/i, 'code'],
  [/\b(analy[sz]e|analysis|compare|review|forecast|evaluate|why did|why are|why is)|분석|비교|검토|평가/i, 'analysis'],
  [
    /\b(write|draft|copy|blog|post|email|newsletter|announce|slogan|campaign|translate)|작성|초안|써 ?줘|카피|글|번역|캠페인/i,
    'content',
  ],
  [/\?|？|\b(what|how|why|when|who|which)\b|무엇|어떻게|왜|언제|누가|까요|나요/i, 'question'],
];

export const intentOf = (text: string): string => INTENTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
