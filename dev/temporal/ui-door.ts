import { randomInt } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { isLoopbackHost, NOT_THIS_HOST } from '../../contracts/loopback.ts';

/**
 * Where Temporal's Web UI listens itself. It answers every `Host` and has no setting for that, so it is put where no web
 * page finds it; on Linux all of 127.0.0.0/8 is this machine.
 */
export const hiddenUiAddress = (): string =>
  process.platform === 'linux' ? `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}` : '127.0.0.1';

/** The door before Temporal's Web UI: passes on what was asked of this machine by its own name, until this process ends. */
export function openUiDoor(port: number, ui: { readonly host: string; readonly port: number }): Promise<void> {
  const server = createServer((req, res) => {
    if (isLoopbackHost(req.headers.host)) passOn(req, res, ui);
    else res.writeHead(421, { 'content-type': 'text/plain' }).end(NOT_THIS_HOST);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
}

function passOn(req: IncomingMessage, res: ServerResponse, { host, port }: { host: string; port: number }): void {
  const asked = request({ host, port, method: req.method, path: req.url, headers: req.headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  asked.once('error', () => {
    if (res.headersSent) res.destroy();
    else res.writeHead(502, { 'content-type': 'text/plain' }).end('Temporal’s Web UI does not answer at the moment.\n');
  });
  res.once('close', () => asked.destroy());
  req.pipe(asked);
}
