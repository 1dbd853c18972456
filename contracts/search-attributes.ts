import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Search attributes are stored in plain text: organization id, status and category only. */
export const SEARCH_ATTRIBUTE = {
  organization: defineSearchAttributeKey('NubabelOrganization', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('NubabelStatus', SearchAttributeType.KEYWORD),
  category: defineSearchAttributeKey('NubabelCategory', SearchAttributeType.KEYWORD),
} as const;

export const SEARCH_ATTRIBUTE_NAMES = ['NubabelOrganization', 'NubabelStatus', 'NubabelCategory'] as const;
