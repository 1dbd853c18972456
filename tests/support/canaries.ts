import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listen, readBody } from '../../dev/fakes/http-server.ts';
import type { Nubabel } from './nubabel.ts';

/** A secret that is told from all other text. */
export const canary = (name: string): string => `cnry-${name}-${randomBytes(12).toString('hex')}`;

/** As it stands, and as it would stand encoded. */
export const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
};

/** Everything that a product has written or can be asked for, as one text for each place. */
export async function everythingOf(nubabel: Nubabel): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const { name } of readdirSync(nubabel.dir, { withFileTypes: true }).filter((entry) => entry.isFile()))
    // The fakes' own scores may know what they were told.
    if (!name.endsWith('.jsonl')) places.set(name, readFileSync(join(nubabel.dir, name), 'latin1'));
  const tables = await nubabel.database.look<{ name: string; rows: string }>(
    `select table_name as name, query_to_xml('select * from ' || quote_ident(table_name), true, false, '')::text as rows
     from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  for (const { name, rows } of tables) places.set(`table ${name}`, rows);
  const histories: string[] = [];
  for await (const { workflowId, runId } of nubabel.temporal.workflow.list()) {
    const history = await nubabel.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(
      JSON.stringify(history, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
      ),
    );
  }
  places.set('histories', histories.join('\n'));
  places.set('model', JSON.stringify(nubabel.model.requests.map(({ body }) => body)));
  places.set(
    'slack',
    JSON.stringify(nubabel.slack.calls('chat.postMessage')) + JSON.stringify(nubabel.slack.calls('chat.update')),
  );
  return places;
}

/** Which secrets stand where. */
export const foundIn = (places: ReadonlyMap<string, string>, secrets: ReadonlyMap<string, string>): string[] =>
  [...places].flatMap(([place, text]) =>
    [...secrets].flatMap(([name, secret]) =>
      formsOf(secret).some((form) => text.includes(form)) ? [`${name} in ${place}`] : [],
    ),
  );

export interface Parrot {
  readonly url: string;
  status: number;
  /** Hashes of the credentials that were heard. */
  readonly heard: Set<string>;
  close(): Promise<void>;
}

/** A provider that answers with all that it was sent, plain and encoded, in the shapes that providers use for errors. */
export async function createParrot(): Promise<Parrot> {
  const heard = new Set<string>();
  const parrot = { status: 400 };
  const server = await listen(async (req, res) => {
    const body = (await readBody(req)) ?? '';
    const sent = Object.values(req.headers).join(' ');
    const pair = /basic (\S+)/i.exec(sent)?.[1];
    const plain = pair ? Buffer.from(pair, 'base64').toString() : '';
    const secret = plain ? plain.slice(plain.indexOf(':') + 1) : (req.headers.authorization ?? '').replace(/^\w+ /, '');
    heard.add(createHash('sha256').update(secret).digest('hex'));
    const said = [...new Set([sent, plain, ...formsOf(secret), body])].join(' ').slice(0, 4_000);
    res.writeHead(parrot.status, {
      'content-type': 'application/json',
      'x-said': sent.replaceAll(/[^ -~]/g, '').slice(0, 500),
    });
    const words = {
      message: said,
      detail: said,
      error: said,
      code: 'validation_error',
      errorMessages: [said],
      errors: [{ message: said }],
      object: 'error',
    };
    res.end(JSON.stringify(parrot.status === 404 ? said : words));
  });
  return Object.assign(parrot, { url: server.url, heard, close: () => server.close() });
}
