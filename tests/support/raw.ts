import { connect } from 'node:net';
import type { Nubabel } from './nubabel.ts';

/**
 * Sends exactly these bytes over a connection of their own and answers what came back by the time the server has said
 * its problem or closed. A client that is answered before it has sent everything may find its connection gone, which
 * `fetch` tells as an error without the answer.
 */
export const raw = ({ url }: Pick<Nubabel, 'url'>, text: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (data) => {
      answer += data.toString();
      if (answer.includes('"requestId"')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });

/** A POST that says how long it is. */
export function rawPost(
  nubabel: Pick<Nubabel, 'url'>,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string> {
  const all = { host: 'localhost', ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return raw(nubabel, `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
