import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter, type Payload, type SerializationContext } from '@temporalio/common';
import { createPayloadCodec, type PayloadKey } from '../../../adapters/temporal/payload-codec.ts';
import { orchestrationWorkflowId, undoWorkflowId } from '../../../contracts/queues.ts';

const newKey = (id: string): PayloadKey => ({ id, key: randomBytes(32) });
const [old, current] = [newKey('old'), newKey('current')];
const codec = createPayloadCodec([current, old]);
const [ours, theirs] = [randomUUID(), randomUUID()];
const contextOf = (organizationId: string, workflowIdOf = orchestrationWorkflowId): SerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId: workflowIdOf({ organizationId, orchestrationId: randomUUID() }),
});
const plain = defaultPayloadConverter.toPayload({ words: 'Plan the launch', more: '한국어' });
const encrypted = async (by = codec, context: SerializationContext | undefined = contextOf(ours)): Promise<Payload> => {
  const [payload] = await by.encode([plain], context);
  if (!payload) throw new Error('Nothing came back.');
  return payload;
};
const valueOf = (payload: Payload | undefined): unknown => payload && defaultPayloadConverter.fromPayload(payload);
const textOf = ({ metadata, data }: Payload) =>
  [...Object.values(metadata ?? {}), data ?? []].map((bytes) => Buffer.from(bytes).toString('latin1')).join(' ');

describe('a payload', () => {
  it('says its key and organization, nothing of what is in it, and comes back as it was', async () => {
    const payload = await encrypted();
    expect(textOf(payload)).toContain(`binary/encrypted current ${ours}`);
    expect(textOf(payload)).not.toMatch(/Plan|words|json\/plain/);
    const [back] = await codec.decode([payload], contextOf(ours, undoWorkflowId));
    expect(valueOf(back)).toEqual(valueOf(plain));
    expect(valueOf(codec.decodeFor(ours, [payload])[0])).toEqual(valueOf(plain));
  });

  it('is encrypted differently each time', async () => {
    const [one, other] = [await encrypted(), await encrypted()];
    expect(Buffer.from(one.data ?? []).equals(Buffer.from(other.data ?? []))).toBe(false);
  });

  it('of before there was a key, or of a product without one, is passed through', async () => {
    const none = createPayloadCodec([]);
    expect(await none.encode([plain], contextOf(ours))).toEqual([plain]);
    expect(await none.decode([plain], contextOf(ours))).toEqual([plain]);
    expect(await codec.decode([plain], contextOf(ours))).toEqual([plain]);
    expect(codec.decodeFor(ours, [plain])).toEqual([plain]);
  });

  it('of another organization is refused, also when it says that it is ours', async () => {
    const payload = await encrypted(codec, contextOf(theirs));
    const foreign = expect.objectContaining({ name: 'PayloadError', problem: 'foreign' });
    await expect(codec.decode([await encrypted(), payload], contextOf(ours))).rejects.toEqual(foreign);
    expect(() => codec.decodeFor(ours, [plain, payload])).toThrow(foreign);
    const metadata = { ...payload.metadata, 'encryption-organization': Buffer.from(ours) };
    const renamed = { ...payload, metadata };
    await expect(codec.decode([renamed], contextOf(ours))).rejects.toMatchObject({ problem: 'damaged' });
  });

  it('that the SDK encodes for no workflow is decrypted for nobody who asks', async () => {
    const [payload] = await codec.encode([plain]);
    expect(valueOf((await codec.decode(payload ? [payload] : []))[0])).toEqual(valueOf(plain));
    expect(codec.decodeFor(ours, payload ? [payload] : [])).toEqual([payload]);
    await expect(codec.decode(payload ? [payload] : [], contextOf(ours))).rejects.toMatchObject({ problem: 'foreign' });
  });

  it.each(['data', 'nonce', 'tag'])('with another %s is damaged, which says nothing of it', async (part) => {
    const payload = await encrypted();
    const data = Buffer.from(payload.data ?? []);
    const at = { nonce: 0, data: 20, tag: data.length - 1 }[part] ?? 0;
    data[at] = (data[at] ?? 0) ^ 1;
    const error = await codec.decode([{ ...payload, data }], contextOf(ours)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problem: 'damaged' });
    expect(String(error)).not.toMatch(/Plan|words/);
  });

  it('that is cut off is damaged', async () => {
    const payload = await encrypted();
    for (const length of [0, 5, 20])
      await expect(
        codec.decode([{ ...payload, data: payload.data?.subarray(0, length) }], contextOf(ours)),
      ).rejects.toMatchObject({ problem: 'damaged' });
  });
});

describe('keys', () => {
  it('are changed without losing anything: the first encrypts, all decrypt', async () => {
    const before = await encrypted(createPayloadCodec([old]));
    expect(textOf(before)).toContain('old');
    expect(valueOf((await codec.decode([before], contextOf(ours)))[0])).toEqual(valueOf(plain));
    expect(textOf(await encrypted())).toContain('current');
  });

  it('that are missing are named, in an error that Temporal retries', async () => {
    const later = createPayloadCodec([current]);
    const error = await later
      .decode([await encrypted(createPayloadCodec([old]))], contextOf(ours))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problem: 'no_key' });
    expect(String(error)).toMatch(/key old, which is not in PAYLOAD_KEYS/);
    expect(error).not.toHaveProperty('nonRetryable');
  });

  it('that have another value under the same name do not decrypt', async () => {
    const wrong = createPayloadCodec([newKey('current')]);
    await expect(wrong.decode([await encrypted()], contextOf(ours))).rejects.toMatchObject({ problem: 'damaged' });
  });
});
