import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A longer line is no event that anybody could use; it is passed over. */
const MAX_LINE_CHARS = 8 * 1024 * 1024;

/** Hands on a stream line by line, however it is cut into pieces; ends with the stream, also when that breaks. */
export async function readLines(
  stream: Readable | AsyncIterable<Buffer>,
  onLine: (line: string) => void,
  onBytes: (total: number) => void = () => {},
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let tooLong = false;
  let bytes = 0;
  const finish = (line: string) => {
    if (!tooLong && line !== '') onLine(line);
    tooLong = false;
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      onBytes((bytes += chunk.length));
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(finish);
      if (rest.length > MAX_LINE_CHARS) {
        tooLong = true;
        rest = '';
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  finish(rest + decoder.end());
}
