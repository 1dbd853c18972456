import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTE } from '../../contracts/search-attributes.ts';
import { AGENT_NAMES } from '../../contracts/texts.ts';
import type { RoutedWork } from '../../contracts/workflow.ts';

/** What operators can search for; never more than status and category, because it is stored in plain text. */
export const showStatus = (status: string): void =>
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.status, value: status }]);

/** Who works on it, in Temporal's UI. */
export function showRoute({ agents, mode, category }: RoutedWork): void {
  const names = agents.map(({ agent }) => AGENT_NAMES[agent]).join(', ');
  setCurrentDetails(`**Agents:** ${names} (${mode})`);
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.category, value: category }]);
}
