import type { KnownBlock } from '@slack/web-api';
import type { ButtonAction } from '../../contracts/answer-words.ts';
import { codePointOf, showInvisible } from '../../contracts/clean-text.ts';
import { windowEnd } from '../../contracts/money.ts';
import type { SlackMessage } from '../../domain/reports/slack-port.ts';

/** A message whose blocks are Slack's. */
export interface BlockMessage extends SlackMessage {
  readonly blocks: KnownBlock[];
}

const BAR_CELLS = 8;
const SECTION_CHARS = 3_000;
const LINE_CHARS = 2_800;

/** `█████░░░ 62 %` */
export function progressBar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent} %`;
}

export const cents = (value: number): string =>
  value >= 100 ? `$${(value / 100).toFixed(2)}` : `${value.toFixed(value < 1 ? 3 : 2)}¢`;

/** Never leaves half of an emoji behind, which Slack would refuse. */
export const cut = (text: string, most: number): string => text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');

/** One line of untrusted text: short, nothing in it unseen, and without anything Slack would take for a mention or a link. */
export function quoted(text: string, most: number): string {
  const line = showInvisible(text).replaceAll(/\s+/g, ' ').trim();
  const short = line.length > most ? `${cut(line, most)}…` : line;
  return escaped(short);
}

/** As Slack wants text that is neither a mention nor a link. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Such words between backticks, where nothing is a format; a backtick of their own would end them. */
export const code = (text: string, most: number): string =>
  `\`${quoted(text, most).replaceAll('`', codePointOf('`'))}\``;

/** A time in the reader's own zone; old clients show it as it stands. */
export const clock = (at: string): string => `<!date^${Math.floor(Date.parse(at) / 1_000)}^{time_secs}|${at}>`;

/** The end of a budget's period (`day`, `month` or `year`), which begins at midnight UTC, in the reader's own zone. */
export const resetClock = (period: 'day' | 'month' | 'year', now: Date): string => dateClock(windowEnd(period, now));

/** An ISO moment as day and time in the reader's own zone; old clients show it as it stands. */
export const dateClock = (at: string): string =>
  `<!date^${Math.floor(Date.parse(at) / 1_000)}^{date_short_pretty} {time}|${at}>`;

export const section = (text: string): KnownBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text: cut(text, SECTION_CHARS) },
});

/** One button; pressing it says its word to the work of this id. */
export const button = (action: ButtonAction, label: string, jobId: string): KnownBlock => ({
  type: 'actions',
  elements: [{ type: 'button', action_id: action, text: { type: 'plain_text', text: label }, value: jobId }],
});

export const context = (text: string): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: cut(text, 2_000) }],
});

/** Whether the blocks show all of these texts, whole and in this order. */
export function showAll(blocks: readonly KnownBlock[], texts: readonly string[]): boolean {
  const shown = blocks.map((block) => (block.type === 'section' ? (block.text?.text ?? '') : '')).join('\n');
  let at = 0;
  return texts.every((text) => {
    const found = shown.indexOf(text, at);
    at = found + text.length;
    return found >= 0;
  });
}

/** Lines in as few sections as hold them; what does not fit into `most` is counted in a last line. */
export function sections(lines: readonly string[], most: number, more: (count: number) => string): KnownBlock[] {
  const packed: string[] = [];
  for (const [index, line] of lines.entries()) {
    const short = cut(line, LINE_CHARS);
    const last = packed.at(-1);
    if (last !== undefined && last.length + 1 + short.length <= LINE_CHARS)
      packed[packed.length - 1] = `${last}\n${short}`;
    else if (packed.length < most) packed.push(short);
    else {
      packed[packed.length - 1] = `${last}\n${more(lines.length - index)}`;
      break;
    }
  }
  return packed.map(section);
}
