import { isRecord } from '../http-server.ts';
import { invalid } from './answers.ts';
import { shownTime, type NotionDatabase, type NotionPage, type NotionValue } from './state.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Whether a page passes a filter of `data_sources.query`. */
export function passes(database: NotionDatabase, page: NotionPage, filter: unknown): boolean {
  if (filter === undefined) return true;
  if (!isRecord(filter)) throw invalid('body failed validation: body.filter should be an object.');
  if (Array.isArray(filter['and'])) return filter['and'].every((one) => passes(database, page, one));
  if (Array.isArray(filter['or'])) return filter['or'].some((one) => passes(database, page, one));
  if (filter['timestamp'] === 'created_time') return dateIs(shownTime(page.createdAt), filter['created_time']);
  if (filter['timestamp'] === 'last_edited_time') return dateIs(shownTime(page.editedAt), filter['last_edited_time']);
  const name = String(filter['property']);
  const property = database.properties[name];
  if (!property) throw invalid(`Could not find property with name or id: ${name}`);
  const condition = filter[property.type];
  if (!isRecord(condition)) throw invalid(`database property ${property.type} does not match filter.`);
  return valueIs(page.values[name], condition);
}

const plainOf = (value: NotionValue | undefined): string =>
  Array.isArray(value) ? value.map(({ content }: { content: string }) => content).join('') : '';

function valueIs(value: NotionValue | undefined, condition: Fields): boolean {
  return Object.entries(condition).every(([operator, wanted]) => {
    if (isRecord(value) && 'people' in value) return operator === 'contains' && value.people.includes(String(wanted));
    if (isRecord(value) && 'start' in value) return dateIs(value.start, { [operator]: wanted });
    const text = isRecord(value) && 'name' in value ? value.name : plainOf(value);
    switch (operator) {
      case 'equals':
        return text === wanted;
      case 'does_not_equal':
        return text !== wanted;
      case 'contains':
        return text.toLowerCase().includes(String(wanted).toLowerCase());
      case 'is_empty':
        return text === '';
      case 'on_or_after':
      case 'on_or_before':
        return false;
      default:
        throw invalid(`body failed validation: filter ${operator} is not supported.`);
    }
  });
}

function dateIs(value: string, condition: unknown): boolean {
  if (!isRecord(condition)) throw invalid('body failed validation: a date filter should be an object.');
  return Object.entries(condition).every(([operator, wanted]) => {
    const [at, limit] = [Date.parse(value), Date.parse(String(wanted))];
    if (operator === 'on_or_after') return at >= limit;
    if (operator === 'on_or_before') return at <= limit;
    if (operator === 'equals') return at === limit;
    throw invalid(`body failed validation: filter ${operator} is not supported.`);
  });
}

/** The order that was asked for: by one of the two times, or as they were made. */
export function sorted(pages: readonly NotionPage[], sorts: unknown): NotionPage[] {
  const [sort] = Array.isArray(sorts) ? sorts.filter(isRecord) : [];
  const timeOf = (page: NotionPage) => (sort?.['timestamp'] === 'last_edited_time' ? page.editedAt : page.createdAt);
  const inOrder = [...pages].sort((a, b) => timeOf(a).getTime() - timeOf(b).getTime());
  return sort?.['direction'] === 'descending' ? inOrder.reverse() : inOrder;
}
