/** One message of Postgres' protocol: its type's letter and what follows its length. */
export interface WireMessage {
  readonly type: string;
  readonly body: Buffer;
}

const LENGTH_BYTES = 4;

/**
 * Takes a connection's bytes as they come and answers the whole messages among them. The first one of a client has no
 * type; it is answered with an empty one. Without encryption, as all connections of this machine are.
 */
export function createMessageReader(side: 'client' | 'server'): (bytes: Buffer) => WireMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  let startsUntyped = side === 'client';
  return (bytes) => {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    const messages: WireMessage[] = [];
    for (;;) {
      const typeBytes = startsUntyped ? 0 : 1;
      const head = typeBytes + LENGTH_BYTES;
      if (rest.length < head) return messages;
      const end = typeBytes + rest.readUInt32BE(typeBytes);
      if (rest.length < end) return messages;
      messages.push({ type: rest.toString('latin1', 0, typeBytes), body: rest.subarray(head, end) });
      startsUntyped = false;
      rest = rest.subarray(end);
    }
  };
}

/** The texts at the beginning of a message's body, each ended by a zero. */
export function textsOf(body: Buffer, count: number): string[] {
  const texts: string[] = [];
  for (let at = 0; texts.length < count;) {
    const end = body.indexOf(0, at);
    texts.push(body.toString('utf8', at, end < 0 ? undefined : end));
    at = end < 0 ? body.length : end + 1;
  }
  return texts;
}
