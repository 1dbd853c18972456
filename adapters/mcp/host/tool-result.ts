import { crc32 } from 'node:zlib';
import { isRecord, storableJson, storableText } from '../../../contracts/json.ts';
import type { ToolImage, ToolResult } from '../../../contracts/tools.ts';

/** What a tool answered, as it came. */
export type RawResult = Readonly<Record<string, unknown>>;

/** About 25,000 tokens: more would crowd out everything else that an agent has to keep in mind. */
const MAX_TEXT = 100_000;
const MAX_DATA = 200_000;
const MAX_DEPTH = 100;

/**
 * All that a tool answered, as text and data that can be stored, however it is written: an answer in an odd form is the
 * answer of what was done. What cannot be read is named, not carried along.
 */
export function toToolResult(result: RawResult): ToolResult {
  const { content, structuredContent, isError, _meta: _, ...more } = result;
  const blocks = Array.isArray(content) ? content : isPresent(content) ? [content] : [];
  const data = isPresent(structuredContent) ? boundedData(structuredContent) : undefined;
  const read = blocks.map(readBlock);
  const images = fittingImages(read.flatMap(({ image }) => image ?? []));
  const text = read.map(({ text: words, image }) => (image ? noteOf(image, images) : words)).join('\n');
  const other = isPresent(structuredContent) ? structuredContent : Object.keys(more).length > 0 ? more : undefined;
  return {
    text: bounded(text === '' && other !== undefined ? safeJson(other) : text),
    ...(data && { data }),
    ...(images.length > 0 && { images }),
    isError: /^(true|yes|1)$/i.test(String(isError)),
  };
}

/** The API takes 5 MB of base64 for a picture; what an answer has of them shares a request with all others. */
const MAX_IMAGE_CHARS = 5_000_000;
const MAX_IMAGES = 5;
const MAX_ALL_CHARS = 8_000_000;
/** Pixels of a side; with more than 20 pictures in a request the API takes no larger ones. */
const MAX_SIDE = 2_000;

function fittingImages(images: readonly ToolImage[]): ToolImage[] {
  let room = MAX_ALL_CHARS;
  return images.slice(0, MAX_IMAGES).filter(({ data }) => (room -= data.length) >= 0);
}

const noteOf = (image: ToolImage, shown: readonly ToolImage[]): string =>
  `[image, ${image.mediaType}, ${kilobytes(image.data)} kB${shown.includes(image) ? '' : ', not shown: too many'}]`;

/** What a block says, and the picture that it is, where a model can see it. */
function readBlock(block: unknown): { readonly text: string; readonly image?: ToolImage } {
  const inside = isRecord(block) && isRecord(block['resource']) ? block['resource']['blob'] : undefined;
  const data = isRecord(block) && block['type'] === 'image' ? block['data'] : inside;
  const image = typeof data === 'string' ? toImage(data) : undefined;
  return { text: textOf(block), ...(image && { image }) };
}

/** By its bytes, whatever it is called: the API refuses a request whose picture is none, or is another kind. */
function toImage(data: string): ToolImage | undefined {
  const base64 = data.replaceAll(/\s/g, '');
  if (base64.length > MAX_IMAGE_CHARS || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  const found = sizeOfImage(bytes);
  if (!found || Math.min(found.width, found.height) < 1 || Math.max(found.width, found.height) > MAX_SIDE)
    return undefined;
  return { mediaType: found.mediaType, data: bytes.toString('base64') };
}

const isPresent = (given: unknown): boolean => given !== undefined && given !== null;

function textOf(block: unknown): string {
  if (!isRecord(block)) return typeof block === 'string' ? block : isPresent(block) ? safeJson(block) : '';
  const { type, text, name, uri, description, resource, mimeType, data } = block;
  if (typeof text === 'string') return text;
  if (type === 'text') return isPresent(text) ? safeJson(text) : '';
  if (type === 'resource_link')
    return `[${word(name)}: ${word(uri)}]${typeof description === 'string' ? ` ${description}` : ''}`;
  if (type === 'audio') return `[audio, ${word(mimeType)}, ${kilobytes(word(data))} kB: the model cannot hear it]`;
  if (type !== 'resource' || !isRecord(resource))
    return `[${word(type)}${mimeType ? `, ${word(mimeType)}` : ''}${typeof data === 'string' ? `, ${kilobytes(data)} kB` : ''}, not shown]`;
  if (typeof resource['text'] === 'string') return `[${word(resource['uri'])}]\n${resource['text']}`;
  const { blob } = resource;
  return `[${word(resource['uri'])}, ${word(resource['mimeType'] ?? 'binary')}${typeof blob === 'string' ? `, ${kilobytes(blob)} kB` : ''}, not shown]`;
}

const word = (given: unknown): string => (typeof given === 'string' ? given : 'unknown');

/** Of what was nested without end only that it was there. */
const safeJson = (value: unknown): string =>
  isDeeperThan(MAX_DEPTH, value) ? '[data nested too deep to be shown]' : JSON.stringify(value);

/** Of base64. */
const kilobytes = (base64: string): number => Math.ceil((base64.length * 3) / 4 / 1_000);

function bounded(text: string): string {
  const storable = storableText(text);
  if (storable.length <= MAX_TEXT) return storable;
  const notice = `\n[${storable.length - MAX_TEXT} more characters are left out]`;
  return storable.slice(0, MAX_TEXT).toWellFormed() + notice;
}

/** Half of the data would be a lie, so it is all or nothing; the text then says what there was. */
function boundedData(given: unknown): Record<string, unknown> | undefined {
  if (isDeeperThan(MAX_DEPTH, given) || JSON.stringify(given).length > MAX_DATA) return undefined;
  // Data has names here; a list of things has none of its own.
  return storableJson(isRecord(given) ? given : { items: given }) as Record<string, unknown>;
}

/** Whether untrusted JSON is nested deeper than that; deep enough, it would exhaust the stack of who walks it. */
export function isDeeperThan(maxDepth: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

interface ImageSize {
  readonly mediaType: ToolImage['mediaType'];
  readonly width: number;
  readonly height: number;
}

/**
 * The kind and the size of a picture, read from its bytes; undefined where it is none of the four that Claude takes, or
 * not whole: a picture that is broken would have the whole request refused. It is not decoded.
 */
function sizeOfImage(bytes: Buffer): ImageSize | undefined {
  try {
    return sizeOfPng(bytes) ?? sizeOfGif(bytes) ?? sizeOfWebp(bytes) ?? sizeOfJpeg(bytes);
  } catch {
    // It ended where a number should have been.
    return undefined;
  }
}

const textAt = (bytes: Buffer, at: number, length: number): string => bytes.toString('latin1', at, at + length);

function sizeOfPng(bytes: Buffer): ImageSize | undefined {
  if (textAt(bytes, 0, 8) !== '\x89PNG\r\n\x1a\n' || textAt(bytes, 12, 4) !== 'IHDR') return undefined;
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return undefined;
    if (textAt(bytes, at + 4, 4) === 'IEND')
      return { mediaType: 'image/png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
    at = end + 4;
  }
  return undefined;
}

function sizeOfGif(bytes: Buffer): ImageSize | undefined {
  const isWhole = /^GIF8[79]a$/.test(textAt(bytes, 0, 6)) && bytes.at(-1) === 0x3b;
  return isWhole ? { mediaType: 'image/gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) } : undefined;
}

function sizeOfWebp(bytes: Buffer): ImageSize | undefined {
  if (textAt(bytes, 0, 4) !== 'RIFF' || textAt(bytes, 8, 4) !== 'WEBP') return undefined;
  if (bytes.readUInt32LE(4) + 8 > bytes.length) return undefined;
  const mediaType = 'image/webp';
  const form = textAt(bytes, 12, 4);
  if (form === 'VP8X') return { mediaType, width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (form === 'VP8 ')
    return { mediaType, width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (form !== 'VP8L') return undefined;
  const bits = bytes.readUInt32LE(21);
  return { mediaType, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** The frame's own segment says the size; an end marker says that nothing is missing. */
function sizeOfJpeg(bytes: Buffer): ImageSize | undefined {
  if (bytes.readUInt16BE(0) !== 0xffd8 || bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) < 0) return undefined;
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes.readUInt8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame)
      return { mediaType: 'image/jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
