import { isRecord } from '../http-server.ts';

type Fields = Readonly<Record<string, unknown>>;
type Report = (reason: string, pointer: string) => void;

const MAX = {
  blocks: 50,
  sectionText: 3000,
  fields: 10,
  fieldText: 2000,
  headerText: 150,
  markdownTotal: 12_000,
  contextElements: 10,
  actionElements: 25,
  buttonText: 75,
  buttonValue: 2000,
  url: 3000,
  id: 255,
} as const;

/** Other block types pass unexamined; a type not listed here is refused. */
const UNEXAMINED = new Set(
  `divider image rich_text file video call input table context_actions task_card plan alert card container data_table
  carousel`.split(/\s+/),
);

/** What is wrong with a message's blocks, in Slack's words; empty when they are fine. */
export function findBlockProblems(blocks: readonly unknown[]): string[] {
  const problems: string[] = [];
  const report: Report = (reason, pointer) => problems.push(`${reason} [json-pointer:${pointer}]`);
  if (blocks.length > MAX.blocks) report(`no more than ${MAX.blocks} items allowed`, '/blocks');
  const ids = new Set<string>();
  blocks.forEach((block, index) => {
    const at = `/blocks/${index}`;
    if (!isRecord(block)) return report('must be an object', at);
    checkId(block['block_id'], `${at}/block_id`, report);
    if (typeof block['block_id'] === 'string') {
      if (ids.has(block['block_id'])) report('block_id already exists', `${at}/block_id`);
      ids.add(block['block_id']);
    }
    checkBlock(block, at, report);
  });
  const markdown = blocks.filter(isRecord).filter(({ type }) => type === 'markdown');
  const total = markdown.reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0);
  if (total > MAX.markdownTotal)
    report(`markdown text must be less than ${MAX.markdownTotal + 1} characters`, '/blocks');
  return problems;
}

function checkBlock(block: Fields, at: string, report: Report): void {
  switch (block['type']) {
    case 'section':
      return checkSection(block, at, report);
    case 'header':
      return checkText(block['text'], `${at}/text`, MAX.headerText, report, ['plain_text']);
    case 'markdown':
      if (typeof block['text'] !== 'string' || block['text'] === '') report('must be a non-empty string', `${at}/text`);
      return;
    case 'context':
      return listOf(block['elements'], `${at}/elements`, MAX.contextElements, report).forEach((element, index) => {
        if (element['type'] !== 'image') checkText(element, `${at}/elements/${index}`, MAX.sectionText, report);
      });
    case 'actions':
      return listOf(block['elements'], `${at}/elements`, MAX.actionElements, report).forEach((element, index) =>
        checkElement(element, `${at}/elements/${index}`, report),
      );
    default:
      if (!UNEXAMINED.has(String(block['type']))) report(`unsupported type: ${String(block['type'])}`, `${at}/type`);
  }
}

function checkSection(block: Fields, at: string, report: Report): void {
  const { text, fields, accessory } = block;
  if (text === undefined && fields === undefined) report('missing required field: text', at);
  if (text !== undefined) checkText(text, `${at}/text`, MAX.sectionText, report);
  if (fields !== undefined)
    listOf(fields, `${at}/fields`, MAX.fields, report).forEach((field, index) =>
      checkText(field, `${at}/fields/${index}`, MAX.fieldText, report),
    );
  if (isRecord(accessory)) checkElement(accessory, `${at}/accessory`, report);
}

function checkElement(element: Fields, at: string, report: Report): void {
  if (typeof element['type'] !== 'string') report('missing required field: type', at);
  checkId(element['action_id'], `${at}/action_id`, report);
  if (element['type'] !== 'button') return;
  checkText(element['text'], `${at}/text`, MAX.buttonText, report, ['plain_text']);
  checkLength(element['value'], MAX.buttonValue, `${at}/value`, report);
  checkLength(element['url'], MAX.url, `${at}/url`, report);
  if (element['style'] !== undefined && element['style'] !== 'primary' && element['style'] !== 'danger')
    report('must be one of primary, danger', `${at}/style`);
}

function checkText(
  text: unknown,
  at: string,
  most: number,
  report: Report,
  types: readonly string[] = ['plain_text', 'mrkdwn'],
): void {
  if (!isRecord(text)) return report('missing required field: text', at);
  if (!types.includes(String(text['type']))) report(`unsupported type: ${String(text['type'])}`, `${at}/type`);
  if (typeof text['text'] !== 'string') return report('missing required field: text', `${at}/text`);
  if (text['text'].length === 0) report('must be more than 0 characters', `${at}/text`);
  checkLength(text['text'], most, `${at}/text`, report);
}

function checkLength(text: unknown, most: number, at: string, report: Report): void {
  if (typeof text === 'string' && text.length > most) report(`must be less than ${most + 1} characters`, at);
}

const checkId = (id: unknown, at: string, report: Report): void => checkLength(id, MAX.id, at, report);

function listOf(list: unknown, at: string, most: number, report: Report): Fields[] {
  if (!Array.isArray(list) || list.length === 0) {
    report('must provide at least one item', at);
    return [];
  }
  if (list.length > most) report(`no more than ${most} items allowed`, at);
  return list.filter(isRecord);
}
