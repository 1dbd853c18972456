import type { FirstPartyProvider } from '../../contracts/connections.ts';
import type { ConnectionDraftBody } from '../api/shapes.ts';

/** Providers that Nubabel has a server of its own for, by the names people know. */
export const PROVIDERS = {
  notion: 'Notion',
  slack: 'Slack',
  linear: 'Linear',
  jira: 'Jira',
  github: 'GitHub',
  sentry: 'Sentry',
  salesforce: 'Salesforce',
} as const satisfies Record<FirstPartyProvider, string>;

/** The choice that is none of them: a remote MCP server. */
export const OTHER = 'other';

export const AUTHS = ['api_key', 'oauth', 'client_credentials', 'none'] as const;
export type DraftAuth = (typeof AUTHS)[number];

/** What a person types to connect something. */
export interface ConnectionDraft {
  readonly provider: string;
  /** The provider of a remote server. */
  readonly otherName: string;
  readonly name: string;
  readonly url: string;
  readonly hosted: boolean;
  readonly auth: DraftAuth;
  readonly apiKey: string;
  readonly email: string;
  readonly header: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly scopes: string;
  readonly settings: string;
  readonly slug: string;
  readonly personal: boolean;
  readonly trusted: boolean;
}

export const EMPTY_DRAFT: ConnectionDraft = {
  provider: 'notion',
  otherName: '',
  name: '',
  url: '',
  hosted: false,
  auth: 'api_key',
  apiKey: '',
  email: '',
  header: '',
  clientId: '',
  clientSecret: '',
  authorizationUrl: '',
  tokenUrl: '',
  scopes: '',
  settings: '',
  slug: '',
  personal: false,
  trusted: false,
};

/** A setting that each provider needs or has use for. */
export const SETTING_EXAMPLES: Readonly<Record<string, string>> = {
  notion: 'database = https://www.notion.so/…',
  slack: 'allowBroadcast = true',
  linear: 'team = ENG',
  jira: 'project = OPS',
  github: 'owner = acme',
  sentry: 'organization = acme',
  salesforce: 'apiVersion = 63.0',
} satisfies Record<FirstPartyProvider, string>;

/** How most people give access to it. */
export const usualAuth = (provider: string): DraftAuth =>
  provider === OTHER ? 'oauth' : provider === 'salesforce' ? 'client_credentials' : 'api_key';

export const isRemote = ({ provider, hosted }: ConnectionDraft): boolean => provider === OTHER || hosted;

/** Every customer of these has an address of their own. */
export const isNamed = (draft: ConnectionDraft): boolean =>
  !isRemote(draft) && (draft.provider === 'jira' || draft.provider === 'salesforce');

/** The fields without which there is nothing to send; the server says the rest. */
export const isComplete = (draft: ConnectionDraft): boolean =>
  (draft.provider !== OTHER || draft.otherName.trim() !== '') &&
  (!(isRemote(draft) || isNamed(draft)) || draft.url.trim() !== '') &&
  (draft.auth !== 'api_key' || draft.apiKey.trim() !== '') &&
  (draft.auth !== 'client_credentials' || (draft.clientId.trim() !== '' && draft.clientSecret.trim() !== ''));

/** What is sent: nothing that was left empty, and only the fields of the chosen access. */
export function toBody(draft: ConnectionDraft): ConnectionDraftBody {
  const provider = draft.provider === OTHER ? draft.otherName.trim().toLowerCase() : draft.provider;
  const settings = toSettings(draft.settings);
  return {
    provider,
    name: draft.name.trim() || nameOf(draft.provider, provider),
    auth: toAuth(draft),
    ...filled({ url: draft.url, slug: draft.slug }),
    ...(draft.hosted && draft.provider !== OTHER && { hosted: true }),
    ...(draft.personal && { personal: true }),
    ...(draft.trusted && { trusted: true }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

const nameOf = (chosen: string, provider: string): string =>
  Object.entries<string>(PROVIDERS).find(([id]) => id === chosen)?.[1] ?? provider;

function toAuth(draft: ConnectionDraft): ConnectionDraftBody['auth'] {
  if (draft.auth === 'none') return { kind: 'none' };
  if (draft.auth === 'api_key')
    return { kind: 'api_key', apiKey: draft.apiKey.trim(), ...filled({ header: draft.header, email: draft.email }) };
  const scopes = draft.scopes.split(/\s+/).filter(Boolean);
  const { clientId, clientSecret, authorizationUrl, tokenUrl } = draft;
  const more = { ...filled({ tokenUrl }), ...(scopes.length > 0 && { scopes }) };
  if (draft.auth === 'client_credentials')
    return { kind: 'client_credentials', clientId: clientId.trim(), clientSecret: clientSecret.trim(), ...more };
  return { kind: 'oauth', ...filled({ clientId, clientSecret, authorizationUrl }), ...more };
}

const filled = <Key extends string>(fields: Readonly<Record<Key, string>>): Partial<Record<Key, string>> =>
  Object.fromEntries(
    Object.entries<string>(fields).flatMap(([name, value]) => (value.trim() === '' ? [] : [[name, value.trim()]])),
  ) as Partial<Record<Key, string>>;

/** `name = value` or `name: value`, one per line. */
export function toSettings(lines: string): Record<string, string> {
  const pairs = lines.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([^=:\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    return name !== undefined && value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(pairs);
}
