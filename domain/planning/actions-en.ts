import { distinct, type Action, type Reading } from './actions.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Verbs that begin a wish and are hardly ever anything else there. */
const VERBS = words(`
  add adjust allocate analyse analyze anonymise anonymize apply arrange ask assemble assess assign build calculate
  choose clarify classify clean close collect combine compare compile compose compute configure confirm convert coordinate
  conduct create define delete deliver deploy describe determine develop discuss distribute draw ensure estimate evaluate
  execute explain export extract file find fix flag format gather generate get give identify implement import
  improve install integrate interview investigate invite launch look make merge migrate move negotiate notify open
  organise organize outline prepare prioritise prioritize propose provide publish pull push put recommend reconcile
  record refactor remove rename repair replace reproduce reset resolve restart restore retest rewrite roll rotate run
  schedule select send set share shorten show sign simplify sketch sort suggest summarise summarize submit switch take tell
  throw transfer translate turn upgrade upload validate verify wipe work write`);
/** Verbs that are as often nouns: they count with something to work on after them. */
const ALSO_NOUNS = words(`
  announce archive audit back benchmark book check contact copy design document draft drop edit email estimate group
  list map mark measure monitor name order patch plan post present price process profile purge rank release reply
  report request research review rollback scan score search ship shut survey tag test track train update`);
const OBJECT = /^\w+\s+\w/;
/** Any other word counts with a plain object after it, unless it is one that sentences begin with. */
const WITH_OBJECT =
  /^[a-z]{2,}\s+(?:(?:up|down|out|off|in|over|through|into)\s+)?(?:what|whatever|whoever|the|an?|it|them|this|these|those|our|your|their|its|all|every|everything|each)\b/i;
const NO_VERB =
  /^(?:the|and|but|because|since|while|with|without|for|from|about|into|onto|over|under|through|during|within|across|per|that|who|whom|which|what|when|where|why|how|whether|once|until|unless|although|though|if|like|than|not|only|even|maybe|perhaps|both|either|neither|all|every|each|some|most|more|less|is|are|was|were|has|have|had|will|would|can|could|may|might|must|should|does|did|they|you|she|we|of|as|at|so|or|to|in|on|by|no|yes|be|it|need|needs|keep|avoid|use|include|mention|note|remember|consider|feel|see|tomorrow|here|there|now|still|again|already|soon|later|hello|\w*(?:[^e]ed|ly|day|ing|[^s]s))$/;
const NOUN_AFTER = /^\w+\s+(?:of|for|and|or|is|are|was|were|in|has|have)\b/i;

const IRREVERSIBLE =
  /^(?:deploy|release|delete|migrate|publish|ship|purge|wipe|drop\b.*\b(?:tables?|databases?|columns?|index(?:es)?|data|collections?)|launch|roll\s+(?:\w+\s+)?out|go\s+live|push\b.*\b(?:prod|production|live|main)|put\b.*\blive|(?:upgrade|update|change|restart)\b.*\bproduction|switch\s+off|shut\s+down|turn\s+off|announce|post\b.*\b(?:twitter|linkedin|x|blog|channels?))\b/i;
const SENT_TO_MANY =
  /^(?:send|e-?mail|notify|tell|invite|mail)\b.*\b(?:customers|clients|users|investors|subscribers|everyone|everybody|all|press|partners?|people|invitations|the list)\b/i;

const CLAUSE = /[,;:\n!]|\.(?=\s|$)|(?:^|\s)(?:\d{1,2}[.)]|[-*•])\s|\s(?:and|then|afterwards|plus|before)\s/gi;
const LEAD =
  /^(?:please|kindly|also|then|and|first(?:ly)?|second(?:ly)?|third(?:ly)?|next|now|finally|lastly|afterwards|after (?:that|this)|once (?:done|that is done)|i (?:want|need|would like) you to|i'd like you to|(?:can|could|would|will) you|you (?:should|can)|let'?s|help me(?: to)?|go ahead and|just|so|hey|hi|ok(?:ay)?|have \w+ (?=\w))\s+/i;

const QUESTION =
  /^(?:what|why|how|when|who|whom|whose|which|where|should|shall|is|are|am|do (?!the|an?|this|it|that|these|all)\b|does|did|was|were|has|have (?:we|you|they|i)|may|might|can (?:i|we|it|they)|could (?:i|we|it|they)|would (?:it|that)|explain|describe|tell me (?:what|why|how|when|who|which|where|whether|if|about))\b/i;
const ASKED = [
  /\b(?:make|create|draw up|come up with|work out|put together|write|develop|prepare|set up) (?:me |us )?(?:a|the) (?:[\w-]+ ){0,3}plan\b.{0,200}?\b(?:and|then)\b.{0,20}?\b(?:carry (?:it|them|this) out|execute|do it|do this|run it|implement it|follow it|work through|put it into)/i,
  /(?:^|[.!?,]\s*|please )make (?:me |us )?a (?:step[- ]by[- ]step )?plan\b/i,
  /\b(?:make|create) a plan (?:first|before)\b/i,
  /\bplan (?:it |this )?and (?:then )?(?:execute|run|carry out|do|implement)\b/i,
  /^(?:please )?(?:go )?step[- ]by[- ]step\s*[:,]/i,
  /\b(?:in (?:this |the following )?order|one after (?:the other|another))\s*:/i,
];
const ORDERED =
  /\b(?:then|after that|afterwards|finally|lastly|in (?:this )?order|step by step|once .{1,60},)\b|(?:^|\s)1[.)]\s.*\s2[.)]\s/is;

/** Telling the asker something is the answer itself, and how it should look is part of it: no separate action. */
const TOLD = /^(?:tell|give|show|explain to|get)\s+(?:me|us)\b|^make\s+(?:it|them|this|that)\s+\w+\W*$/i;

/** Words of others, which ask for nothing. */
const QUOTED = /["“][^"“”]*["”]|`+[^`]*`+/g;

/** What an English request asks to be done. */
export function readEnglish(message: string): Reading {
  const text = message.replace(QUOTED, ' ');
  const actions: Action[] = [];
  let bare = true;
  for (const part of text.split(CLAUSE)) {
    const clause = withoutLead(part.trim());
    const action = actionOf(clause, bare);
    bare &&= clause === '' || /^\w+$/.test(clause);
    if (!action) continue;
    actions.push(action);
  }
  const isQuestion = QUESTION.test(withoutLead(text.trim().replace(/^["'“]/, '')));
  return {
    question: isQuestion,
    asked: !isQuestion && ASKED.some((pattern) => pattern.test(text)),
    ordered: ORDERED.test(text),
    actions: distinct(actions),
  };
}

function withoutLead(clause: string): string {
  let rest = clause;
  for (let lead = LEAD.exec(rest); lead; lead = LEAD.exec(rest)) rest = rest.slice(lead[0].length);
  return rest;
}

function actionOf(clause: string, mayBeBare: boolean): Action | undefined {
  const verb = /^[a-z]+/i.exec(clause)?.[0].toLowerCase();
  if (verb === undefined || TOLD.test(clause)) return undefined;
  const irreversible = IRREVERSIBLE.test(clause) || SENT_TO_MANY.test(clause);
  if (VERBS.has(verb) || /^go\s+live\b/i.test(clause)) return { verb, irreversible };
  if (!ALSO_NOUNS.has(verb))
    return WITH_OBJECT.test(clause) && !NO_VERB.test(verb) ? { verb, irreversible } : undefined;
  const works = mayBeBare && /^\w+$/.test(clause) ? true : OBJECT.test(clause) && !NOUN_AFTER.test(clause);
  return works ? { verb, irreversible } : undefined;
}
