import type { ToolDefinition } from '../../contracts/tools.ts';
import { hidesText } from '../../contracts/clean-text.ts';

/**
 * Ways of talking to the model instead of describing a tool, as they are seen in the wild. A tripwire and no defence:
 * who words it otherwise gets past, and then it is rights, approvals and the ledger that hold. A hit costs an admin one
 * look, so it may be wrong at times.
 */
const ORDERS: readonly RegExp[] = [
  /<\s*\/?\s*(important|system|instructions?|secret|hidden|admin|assistant|critical|override)\b[^>]*>/i,
  /\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(instructions?|rules?|prompts?|polic(y|ies)|guidelines|directives?)\b/i,
  /\b(do not|don't|never|without)\b[^.\n]{0,30}\b(tell|telling|inform|informing|mention|mentioning|notify|notifying|reveal|show|alert|alerting|asking)\b[^.\n]{0,40}\b(user|human|person|anyone|anybody|operator|admin)/i,
  /\b(system prompt|developer message|hidden instructions?|jailbreak|you are now|new instructions?)\b/i,
  /(~\/|\/home\/|\/root\/|%userprofile%)[^\s]{0,40}\.(ssh|aws|env|config|kube|npmrc|netrc)|\bid_(rsa|ed25519)\b|\/etc\/(passwd|shadow)|\bmcp\.json\b/i,
  /\b(before|after|when(ever)?|every time|prior to|instead of)\b[^.\n]{0,40}\b(using|calling|invoking|running|executing|you (use|call|invoke))\b[^.\n]{0,40}\b(any|all|other|another|every|this|the)\b[^.\n]{0,30}\btools?\b/i,
  /\b(this tool|it) (must|has to|should) (always )?be (called|used|invoked|run) (first|before|instead)\b/i,
  /\b(send|forward|copy|bcc|cc|post|upload|exfiltrate|leak|append|include|pass)\b[^.\n]{0,60}\b(conversation|chat history|context|credentials?|passwords?|api[ _-]?keys?|secrets?|access tokens?|private keys?|environment variables)\b/i,
  /\b(all|every)\b[^.\n]{0,30}\b(e-?mails?|messages?|payments?|transfers?)\b[^.\n]{0,40}\b(must|should|has to|have to|need to)\b[^.\n]{0,30}\b(sent|go|addressed|forwarded|made|directed)\b/i,
];

/** Why nobody should take this tool without having looked at it; undefined for most. */
export function suspicionOf(definition: ToolDefinition): string | undefined {
  const texts = textsOf([
    definition.name,
    definition.title,
    definition.description,
    definition.inputSchema,
    definition.outputSchema,
    definition.annotations,
  ]);
  if (texts.some(hidesText)) return 'It holds text that people do not see.';
  const spoken = texts.map((text) => text.replaceAll(/[\s_*`]+/g, ' '));
  return spoken.some((text) => ORDERS.some((order) => order.test(text)))
    ? 'Its description gives orders instead of describing.'
    : undefined;
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inside]) => [name, ...textsOf(inside)]);
}
