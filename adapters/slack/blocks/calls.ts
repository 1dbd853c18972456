import type { Approval } from '../../../contracts/approval.ts';
import type { Texts } from '../../../contracts/texts.ts';
import type { AskedCall } from '../../../contracts/tools.ts';
import { code, cut, quoted } from './pieces.ts';

const NAME_CHARS = 80;
/** A section holds 3,000 characters; what does not fit is counted, and stands in the console whole. */
const ARGUMENTS_CHARS = 2_400;

/** Calls that wait: where, how risky, why it is asked, and with exactly which arguments. */
export const callLines = (calls: readonly AskedCall[], texts: Texts): string[] =>
  calls.flatMap((call) => [titleOf(call, texts), argumentsOf(call)]);

/** The same without the arguments, for notifications. */
export const callTitles = (calls: readonly AskedCall[], texts: Texts): string[] =>
  calls.map((call) => titleOf(call, texts));

const RISK_ICON = { read: '🔎', write: '✏️', production: '🚨' } as const;

function titleOf({ tool, connection, risk, reasons }: AskedCall, texts: Texts): string {
  const why = reasons.map((reason) => texts.tools.askReasons[reason]).join(', ');
  return [`${RISK_ICON[risk]} ${code(tool, NAME_CHARS)}`, quoted(connection, NAME_CHARS), why]
    .filter(Boolean)
    .join(' · ');
}

/** As a block of code, in which nothing is a mention, a link or a format. */
function argumentsOf({ arguments: args }: AskedCall): string {
  const whole = JSON.stringify(args, null, 1).replaceAll('```', "'''");
  const short = cut(whole, ARGUMENTS_CHARS);
  const escaped = short.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `\`\`\`${escaped}${short.length < whole.length ? `… (+${whole.length - short.length})` : ''}\`\`\``;
}

/** Where a grant is renewed. */
export const reconnectLink = ({ connection, url }: NonNullable<Approval['plan']['reconnect']>, texts: Texts): string =>
  `<${url}|${texts.tools.reconnect(quoted(connection, NAME_CHARS).replaceAll('|', ' '))}>`;
