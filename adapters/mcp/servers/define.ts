import type { z } from 'zod';
import type { UndoLoss } from '../../../contracts/effects.ts';
import type { ToolAnnotations } from '../../../contracts/tools.ts';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

/** What a tool of ours is given beside its arguments. */
export interface ToolContext {
  readonly signal: AbortSignal;
  /** Non-secret settings of the connection, such as a default database or project. */
  readonly settings: Readonly<Record<string, string>>;
  /** The ledger's key of this effect; the same for every try of it. Absent for reads. */
  readonly effectKey?: string;
  readonly onProgress?: (message: string, share?: number) => void;
}

/** What is asked of a read-back: did the call with these arguments, sent at or after `sentAt`, happen? */
export interface ReadBack<Args> {
  readonly args: Args;
  readonly effectKey: string;
  readonly sentAt: Date;
  /** What `before` had found. */
  readonly before: Record<string, unknown> | undefined;
  /** Ids that other effects of the ledger have made: not ours. */
  readonly taken: ReadonlySet<string>;
}

/** `unclear`: the provider cannot say; a human has to. */
export type ReadBackVerdict<Output> = { readonly happened: Output } | 'not_happened' | 'unclear';

/**
 * One tool of a server of ours, whole in one file: what it takes and gives, what it does to the world, and how that is
 * found out and taken back. `Client` is the provider's own client.
 */
export interface ProviderTool<
  Client,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** Honest ones: they are believed. */
  readonly annotations: Required<
    Pick<ToolAnnotations, 'readOnlyHint' | 'destructiveHint' | 'idempotentHint' | 'openWorldHint'>
  >;
  /** @throws ProviderError in words that a model can act on. */
  run(client: Client, args: z.infer<Input>, context: ToolContext): Promise<z.infer<Output>>;
  /** The provider takes `effectKey` as its own idempotency key: the same call twice is one effect. */
  readonly takesEffectKey?: boolean;
  /** What there is before the change, for `undo` and `readBack`. Reads only. */
  before?(client: Client, args: z.infer<Input>, context: ToolContext): Promise<Record<string, unknown>>;
  /** Whether a call whose answer was lost has happened. Reads only. */
  readBack?(
    client: Client,
    asked: ReadBack<z.infer<Input>>,
    context: ToolContext,
  ): Promise<ReadBackVerdict<z.infer<Output>>>;
  /** Where what it made or changed can be found. */
  resource?(output: z.infer<Output>, args: z.infer<Input>): { id: string; url?: string };
  /**
   * What others have done since with what it made or changed, that taking it back would lose; empty where nothing is. A
   * person is asked before anything of it is lost, also when the look is refused: what could not be seen may be there.
   * `gone`, as a refusal that says so: it is not there for this account, and no undo is sent after a look that saw
   * nothing. Reads only. @throws ProviderError
   */
  lostByUndo?(client: Client, done: Done<Input, Output>, context: ToolContext): Promise<UndoLoss[] | 'gone'>;
  /** Takes it back. Safe to repeat. Says in a sentence what was done, and what could not be restored. */
  undo?(client: Client, done: Done<Input, Output>, context: ToolContext): Promise<string>;
}

/** A change that is to be taken back. */
interface Done<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly args: z.infer<Input>;
  readonly output: z.infer<Output>;
  readonly before: Record<string, unknown> | undefined;
  /** What a person has said yes to losing. */
  readonly accepted: readonly UndoLoss[];
}

/** Keeps the types of a tool's schemas while they are written down; does nothing else. */
export const defineTool =
  <Client>() =>
  <Input extends z.ZodObject, Output extends z.ZodObject>(
    tool: ProviderTool<Client, Input, Output>,
  ): ProviderTool<Client, Input, Output> =>
    tool;

/**
 * `refused`: the provider said no and did nothing. `unknown`: sent, and no answer came. `unauthorized`: the credentials
 * are not accepted any more.
 */
export type ProviderFault = 'refused' | 'unknown' | 'unauthorized' | 'rate_limited' | 'unavailable';

/** A provider's failure, translated once per provider. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly fault: ProviderFault;
  readonly retryAfterMs: number | undefined;
  /** What a person can do about it, where the provider's client knows more than that the credentials are refused. */
  readonly remedy: string | undefined;
  /** The provider says that it is not there (404, 410); every other refusal says nothing of what is there. */
  readonly isGone: boolean;
  constructor(
    fault: ProviderFault,
    message: string,
    options: { retryAfterMs?: number; remedy?: string | undefined; isGone?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.fault = fault;
    this.retryAfterMs = options.retryAfterMs;
    this.remedy = options.remedy;
    this.isGone = options.isGone ?? false;
  }
}

/** What a provider's client is made of. `fetch` is guarded, limited to the provider's rate, and must be the only way out. */
export interface ClientSettings {
  /** Of the provider's API; undefined: its usual one. */
  readonly url: string | undefined;
  /** An API key, or the access token of a grant. */
  readonly token: string;
  /** Of providers that want a name with their key. */
  readonly email: string | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

/** A first-party server: its provider's client, and the tools over it. */
export interface Provider<Client = unknown> {
  readonly provider: string;
  readonly title: string;
  readonly defaultUrl: string | undefined;
  /** Requests per second where the provider documents no other; 10 unless told. Source named where it is set. */
  readonly requestsPerSecond?: number;
  /** Where an SDK is loaded only when it is needed, the client comes later. */
  createClient(given: ClientSettings): Client | Promise<Client>;
  /** The cheapest read that proves the credentials; answers who we are there. @throws ProviderError */
  whoAmI(client: Client, context: ToolContext): Promise<string>;
  // oxlint-disable-next-line typescript/no-explicit-any -- each tool has its own schemas, and the list holds them all
  readonly tools: readonly ProviderTool<Client, any, any>[];
}

type Annotations = ProviderTool<unknown>['annotations'];

/** Looks and changes nothing. */
export const READS: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

/** Adds something new; twice adds it twice. */
export const ADDS: Annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
};

/** Overwrites what was there with what is given; twice is the same as once. */
export const OVERWRITES: Annotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: true,
};

const digestOf = (effectKey: string): Buffer => createHash('sha256').update(`nubabel-effect:${effectKey}`).digest();

/** How an effect is found again at its provider: 32 hex digits that tell nothing about us. */
export const effectMark = (effectKey: string): string => digestOf(effectKey).toString('hex').slice(0, 32);

/**
 * An effect's key as a UUID for providers that let the caller choose an id. It has the shape of version 4, because they
 * check for that; RFC 9562 leaves how its bits come about to the maker.
 */
export function effectUuid(effectKey: string): string {
  const bytes = digestOf(effectKey).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Questions are shown whole, so what goes into them is short. */
const MAX_PEOPLE = 3;
const MAX_NAME_CHARS = 30;
const MAX_VALUE_CHARS = 40;
const MAX_FIELDS = 8;

const short = (text: string, most: number): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
};

type Name = string | null | undefined;

/** Who, each once; of many some and how many more. */
function peopleOf(people: readonly Name[]): Pick<UndoLoss, 'people'> {
  const each = [...new Set(people.flatMap((name) => (name ? [short(name, MAX_NAME_CHARS)] : [])))];
  const more = each.length - MAX_PEOPLE;
  const shown = more > 0 ? [...each.slice(0, MAX_PEOPLE), `+${more}`] : each;
  return shown.length > 0 ? { people: shown } : {};
}

/** Things that are there by now, and who made them; none where there are none. */
export const counted = (what: UndoLoss['what'], count: number, people: readonly Name[] = []): UndoLoss[] =>
  count > 0 ? [{ what, count, ...peopleOf(people) }] : [];

/** That somebody was there last, where nothing tells what they did. */
export const edited = (people: readonly Name[], at?: string): UndoLoss[] => [
  { what: 'edited', ...peopleOf(people), ...(at && { at }) },
];

export const UNSEEN: UndoLoss = { what: 'unseen' };

/** Providers say "not there" as well of what an account may not see. */
export const goneSentence = (title: string, what: string): string =>
  `${title}: ${what} is gone, or this account may not see it, so nothing was sent. Look there if it should still exist.`;

/** For a part of a look that this account may be refused. Every other failure is passed on. */
export function undefinedWhereRefused(error: unknown): undefined {
  if (error instanceof ProviderError && error.fault === 'refused') return undefined;
  throw error;
}

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** A field that holds another value than the change has left there. */
export const fieldLoss = (field: string, value: unknown, people: readonly Name[] = []): UndoLoss => ({
  what: 'field',
  field: short(field, MAX_NAME_CHARS),
  ...(textOf(value) !== '' && { value: short(textOf(value), MAX_VALUE_CHARS) }),
  ...peopleOf(people),
});

/** The fields of `made` that hold another value now. */
export function fieldLosses(
  now: Readonly<Record<string, unknown>>,
  made: Readonly<Record<string, unknown>>,
  same: (a: unknown, b: unknown) => boolean = isDeepStrictEqual,
): UndoLoss[] {
  const changed = Object.keys(made).filter((name) => made[name] !== undefined && !same(now[name], made[name]));
  return atMost(changed.map((name) => fieldLoss(name, now[name])));
}

/** Of many the first, and the rest as one. */
export const atMost = (losses: readonly UndoLoss[]): UndoLoss[] =>
  losses.length > MAX_FIELDS ? [...losses.slice(0, MAX_FIELDS), { what: 'edited' }] : [...losses];

/** What could not be put back, for the sentence that an undo says; empty where all was. */
export const notRestored = (names: readonly string[]): string =>
  names.length > 0 ? ` Could not be restored: ${names.join(', ')}. Look there and set it by hand.` : '';
