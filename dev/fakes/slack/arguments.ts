import type { IncomingMessage } from 'node:http';
import { isRecord, parseObject } from '../http-server.ts';
import { SlackRefusalError } from './errors.ts';
import type { Block, MessageMetadata } from './types.ts';

export type Arguments = Readonly<Record<string, unknown>>;

const FORM = 'application/x-www-form-urlencoded';

/** The arguments of a call from its query and body, and the token that came with it. */
export function parseArguments(req: IncomingMessage, raw: string): { args: Arguments; token: string | undefined } {
  const query = Object.fromEntries(new URL(req.url ?? '/', 'http://fake').searchParams);
  const type = req.headers['content-type'] ?? '';
  const body = type.startsWith('application/json') ? parseObject(raw || '{}') : fromForm(raw, type);
  if (!body) throw new SlackRefusalError('invalid_json');
  const { token, ...args } = { ...query, ...body };
  const bearer = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  return { args, token: bearer ?? (typeof token === 'string' ? token : undefined) };
}

function fromForm(raw: string, type: string): Record<string, unknown> {
  if (raw === '') return {};
  if (!type.startsWith(FORM)) throw new SlackRefusalError('invalid_form_data');
  return Object.fromEntries(new URLSearchParams(raw));
}

export const textArgument = (args: Arguments, name: string): string | undefined => {
  const value = args[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
};

export const flagArgument = (args: Arguments, name: string): boolean => {
  const value = args[name];
  return value === true || value === 'true' || value === '1' || value === 1;
};

/** A whole number between 1 and `most`. */
export function limitArgument(args: Arguments, usual: number, most: number): number {
  const limit = Number(args['limit'] ?? usual);
  if (!Number.isInteger(limit) || limit < 1 || limit > most) throw new SlackRefusalError('invalid_limit');
  return limit;
}

function structured(args: Arguments, name: string, refusal: string): unknown {
  const value = args[name];
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackRefusalError(refusal);
  }
}

export function blocksArgument(args: Arguments): Block[] | undefined {
  const blocks = structured(args, 'blocks', 'invalid_blocks_format');
  if (blocks === undefined || blocks === null) return undefined;
  if (!Array.isArray(blocks)) throw new SlackRefusalError('invalid_blocks_format');
  return blocks as Block[];
}

const MAX_METADATA_BYTES = 8 * 1024;

/** The metadata of a message; null asks for its removal. */
export function metadataArgument(args: Arguments): MessageMetadata | null | undefined {
  const metadata = structured(args, 'metadata', 'invalid_metadata_format');
  if (metadata === undefined || metadata === null) return undefined;
  if (!isRecord(metadata)) throw new SlackRefusalError('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return null;
  const { event_type, event_payload } = metadata;
  if (typeof event_type !== 'string' || event_type === '' || !isRecord(event_payload))
    throw new SlackRefusalError('invalid_metadata_format');
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    throw new SlackRefusalError('metadata_too_large');
  return { event_type, event_payload };
}
