import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { EncodedPayloads, PayloadError, type PayloadProblem } from '../../contracts/payloads.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { adminsOnly, authenticate } from '../middleware/authenticate.ts';
import { codecBodyLimit, jsonOnly } from '../middleware/request.ts';
import { RequestError, type RequestErrorKind } from '../../contracts/request.ts';
import { BEARER, jsonResponse, PROBLEMS, refuse } from './responses.ts';

const Payloads = EncodedPayloads.meta({ id: 'EncodedPayloads' });

const decode = createRoute({
  middleware: [adminsOnly] as const,
  method: 'post',
  path: '/decode',
  tags: ['Codec'],
  summary: 'Decrypt payloads of your organization for Temporal’s UI and command line',
  description: 'The protocol of a Temporal codec server. Nothing is decrypted when one payload belongs to others.',
  security: BEARER,
  request: { body: { required: true, content: { 'application/json': { schema: Payloads } } } },
  responses: { 200: jsonResponse(Payloads, 'The same payloads in the same order, decrypted'), ...PROBLEMS },
});

const KIND: Readonly<Record<PayloadProblem, RequestErrorKind>> = {
  foreign: 'not-found',
  no_key: 'unavailable',
  damaged: 'invalid-request',
};

/** The codec endpoint, which browsers may use from the address of Temporal's UI alone. */
export function codecRoutes(deps: Pick<ApiDeps, 'db' | 'payloadCodec' | 'temporalUiUrl'>) {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuse });
  const origin = URL.canParse(deps.temporalUiUrl ?? '') ? new URL(deps.temporalUiUrl ?? '').origin : [];
  const allowHeaders = ['authorization', 'content-type', 'x-namespace'];
  app.use(cors({ origin, allowMethods: ['POST'], allowHeaders }), authenticate(deps), codecBodyLimit, jsonOnly);
  return app.openapi(decode, (c) => {
    const given = c.req.valid('json').payloads.map(fromWire);
    try {
      const payloads = deps.payloadCodec.decodeFor(c.get('principal').organizationId, given).map(toWire);
      return c.json({ payloads }, 200);
    } catch (error) {
      if (error instanceof PayloadError) throw new RequestError(KIND[error.problem], error.message);
      throw error;
    }
  });
}

type Wire = EncodedPayloads['payloads'][number];
type Payload = ReturnType<ApiDeps['payloadCodec']['decodeFor']>[number];
const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');

const fromWire = ({ metadata, data }: Wire): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
  data: Buffer.from(data, 'base64'),
});

const toWire = ({ metadata, data }: Payload): Wire => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)])),
  data: base64(data),
});
