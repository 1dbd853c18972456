/** A property of a data source. */
export interface NotionProperty {
  readonly id: string;
  readonly type: 'title' | 'status' | 'select' | 'people' | 'date' | 'rich_text' | 'number';
  /** Of a status or select. */
  readonly options?: string[];
}

export interface NotionDatabase {
  readonly id: string;
  readonly dataSourceId: string;
  readonly title: string;
  /** Whether the integration was let in. */
  readonly shared: boolean;
  readonly properties: Readonly<Record<string, NotionProperty>>;
}

export interface NotionUser {
  readonly id: string;
  readonly name: string;
  /** Bots have none. */
  readonly email?: string;
}

/** A piece of text; with `wire` exactly what stands there, such as a mention. */
export interface RichText {
  readonly content: string;
  readonly wire?: Readonly<Record<string, unknown>>;
}

/** A property's value: texts, a name, ids of people, a date, a number. */
export type NotionValue =
  | readonly RichText[]
  | { readonly name: string }
  | { readonly people: readonly string[] }
  | { readonly start: string; readonly end: string | null }
  | number
  | null;

export interface NotionPage {
  readonly id: string;
  readonly dataSourceId: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  editedAt: Date;
  inTrash: boolean;
  /** Who has edited it last; undefined: who has made it. */
  editedBy?: string;
  /** By people, of the page. */
  readonly comments?: { readonly by: string; readonly text: string }[];
  /** Paragraphs of the page itself. */
  readonly paragraphs: readonly string[];
  readonly values: Record<string, NotionValue>;
}

export interface NotionState {
  readonly token: string;
  readonly bot: NotionUser;
  readonly users: readonly NotionUser[];
  readonly databases: readonly NotionDatabase[];
  readonly pages: NotionPage[];
  /** The integration has not got the capability to read comments. */
  hidesComments?: boolean;
  /** Where people open pages; links on the wire begin with it. */
  site: string;
}

/** The times that Notion shows are rounded down to the minute. */
export const shownTime = (at: Date): string => `${at.toISOString().slice(0, 16)}:00.000Z`;
