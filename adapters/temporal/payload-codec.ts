import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { PayloadError } from '../../contracts/payloads.ts';
import { organizationOfWorkflow } from '../../contracts/queues.ts';

/** A key that the operator holds outside of Temporal; payloads name it by its id. */
export interface PayloadKey {
  readonly id: string;
  readonly key: Uint8Array;
}

export interface OrganizationPayloadCodec extends PayloadCodec {
  /**
   * Decrypts what belongs to this organization; what was never encrypted, or for no organization, comes back as it is.
   * @throws PayloadError before anything is decrypted when one of them belongs to another organization.
   */
  decodeFor(organizationId: string, payloads: readonly Payload[]): Payload[];
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The name that Temporal's own samples, UI and other SDKs know encrypted payloads by. */
const ENCRYPTED = 'binary/encrypted';
const METADATA = { encoding: 'encoding', key: 'encryption-key-id', organization: 'encryption-organization' } as const;
/** What the SDK encodes without saying of which workflow: failures of a workflow task. It is encrypted for nobody. */
const NO_ORGANIZATION = 'none';

const { Payload: Wire } = proto.temporal.api.common.v1;
const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const metadataOf = ({ metadata }: Payload, name: string): string => Buffer.from(metadata?.[name] ?? []).toString();
const isEncrypted = (payload: Payload): boolean => metadataOf(payload, METADATA.encoding) === ENCRYPTED;
const statedOrganization = (payload: Payload): string => metadataOf(payload, METADATA.organization);
const associatedData = (keyId: string, organizationId: string): Uint8Array =>
  bytesOf(JSON.stringify([ENCRYPTED, keyId, organizationId]));

const organizationOf = (context: SerializationContext | undefined): string | undefined =>
  context?.workflowId === undefined ? undefined : organizationOfWorkflow(context.workflowId);

/**
 * AES-256-GCM with a fresh nonce for each payload, bound to the organization that the workflow id names. The first key
 * encrypts, every key decrypts; without any key payloads stay as they are. What was never encrypted is passed through.
 * Errors are plain ones on purpose: Temporal then retries the task until the key is back, and nothing is lost.
 */
export function createPayloadCodec(keys: readonly PayloadKey[]): OrganizationPayloadCodec {
  const [first] = keys;
  const decodeOne = (payload: Payload) => (isEncrypted(payload) ? decrypt(keys, payload) : payload);
  return {
    async encode(payloads, context) {
      if (!first) return payloads;
      const organizationId = organizationOf(context) ?? NO_ORGANIZATION;
      return payloads.map((payload) => encrypt(first, organizationId, payload));
    },
    async decode(payloads, context) {
      const organizationId = organizationOf(context);
      if (organizationId !== undefined) refuseForeign(organizationId, payloads);
      return payloads.map(decodeOne);
    },
    decodeFor(organizationId, payloads) {
      const named = payloads.filter((payload) => statedOrganization(payload) !== NO_ORGANIZATION);
      refuseForeign(organizationId, named);
      return payloads.map((payload) => (named.includes(payload) ? decodeOne(payload) : payload));
    },
  };
}

/** Gives workers and clients the codec, and failures the shape that it can encrypt. */
export const createDataConverter = (keys: readonly PayloadKey[] = []): DataConverter => ({
  failureConverterPath: FAILURE_CONVERTER_PATH,
  payloadCodecs: [createPayloadCodec(keys)],
});

/** The bundle of the workflows needs it too: in the sandbox failures are converted before any codec sees them. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('../../contracts/failure-converter.ts', import.meta.url));

function refuseForeign(organizationId: string, payloads: readonly Payload[]): void {
  if (payloads.some((payload) => isEncrypted(payload) && statedOrganization(payload) !== organizationId))
    throw new PayloadError('foreign', 'A payload was encrypted for another organization than the one it is read for.');
}

function encrypt({ id, key }: PayloadKey, organizationId: string, payload: Payload): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(id, organizationId));
  const sealed = [cipher.update(Wire.encode(payload).finish()), cipher.final()];
  return {
    metadata: {
      [METADATA.encoding]: bytesOf(ENCRYPTED),
      [METADATA.key]: bytesOf(id),
      [METADATA.organization]: bytesOf(organizationId),
    },
    data: Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]),
  };
}

function decrypt(keys: readonly PayloadKey[], payload: Payload): Payload {
  const keyId = metadataOf(payload, METADATA.key);
  const found = keys.find(({ id }) => id === keyId);
  if (!found)
    throw new PayloadError(
      'no_key',
      `A payload was encrypted with the key ${keyId}, which is not in PAYLOAD_KEYS. Put it back, behind the first one; the work then continues automatically.`,
    );
  const bytes = Buffer.from(payload.data ?? []);
  const end = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(ALGORITHM, found.key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associatedData(keyId, statedOrganization(payload)));
    decipher.setAuthTag(bytes.subarray(end));
    return Wire.decode(Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]));
  } catch {
    throw new PayloadError(
      'damaged',
      `A payload does not decrypt with the key ${keyId}: it was changed, moved, or the key has another value than then.`,
    );
  }
}
