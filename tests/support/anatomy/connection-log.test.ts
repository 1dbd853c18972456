import { describe, expect, it } from '@jest/globals';
import { createConnectionLog, type LoggedTransaction } from './connection-log.ts';
import { createMessageReader } from './postgres-wire.ts';

const bytesOf = (type: string, body: string): Buffer => {
  const content = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
};
const message = (type: string, body = '') => ({ type, body: Buffer.from(body) });

/** A connection and all that it has logged. */
function open() {
  const ended: LoggedTransaction[] = [];
  const log = createConnectionLog((transaction) => void ended.push(transaction));
  return {
    log,
    told: () => ended.map(({ statements, roundTrips }) => ({ statements, roundTrips })),
    said: () => ended.map(({ said }) => said.toString()),
    client: (...messages: [string, string?][]) =>
      messages.forEach(([type, body]) => log.fromClient(message(type, body))),
    server: (...messages: [string, string?][]) =>
      messages.forEach(([type, body]) => log.fromServer(message(type, body))),
  };
}

describe('the bytes of a connection', () => {
  it('are whole messages however they are cut', () => {
    const all = Buffer.concat([bytesOf('', 'hello'), bytesOf('Q', 'select 1\0'), bytesOf('X', '')]);
    for (const size of [1, 3, 7, all.length]) {
      const read = createMessageReader('client');
      const messages = [];
      for (let at = 0; at < all.length; at += size) messages.push(...read(all.subarray(at, at + size)));
      expect(messages.map(({ type, body }) => [type, body.toString()])).toEqual([
        ['', 'hello'],
        ['Q', 'select 1\0'],
        ['X', ''],
      ]);
    }
  });
});

describe('what is asked on a connection', () => {
  it('is one transaction from its beginning to its commit, with each statement and each answer that was waited for', () => {
    const { client, server, told, log } = open();
    client(['Q', 'begin; select set_config()\0']);
    server(['C', 'BEGIN\0'], ['C', 'SELECT 1\0'], ['Z', 'T']);
    client(['P', 'q1\0update jobs set x = $1\0'], ['B', '\0q1\0'], ['D', 'P\0'], ['E', '\0'], ['S']);
    server(['1'], ['2'], ['C', 'UPDATE 1\0'], ['Z', 'T']);
    client(['B', '\0q1\0'], ['E', '\0'], ['S']);
    expect([told(), log.isBusy()]).toEqual([[], true]);
    server(['2'], ['C', 'UPDATE 1\0'], ['Z', 'T']);
    client(['Q', "select tell('a; b'); commit\0"]);
    server(['C', 'SELECT 1\0'], ['C', 'COMMIT\0'], ['Z', 'I']);
    const updates = ['update jobs set x = $1', 'update jobs set x = $1'];
    const statements = ['begin', 'select set_config()', ...updates, "select tell('a; b')", 'commit'];
    expect([told(), log.isBusy()]).toEqual([[{ statements, roundTrips: 4 }], false]);
  });

  it('is a transaction of its own outside of one', () => {
    const { client, server, told } = open();
    for (let nth = 0; nth < 2; nth++) {
      client(['P', '\0select 1\0'], ['B', '\0\0'], ['E', '\0'], ['S']);
      server(['1'], ['2'], ['C', 'SELECT 1\0'], ['Z', 'I']);
    }
    expect(told()).toEqual(Array.from({ length: 2 }, () => ({ statements: ['select 1'], roundTrips: 1 })));
  });

  it('is asked at once and waited for once', () => {
    const { client, server, told, log } = open();
    client(['Q', 'begin; select set_config()\0'], ['P', 'q\0select $1\0'], ['B', '\0q\0'], ['E', '\0'], ['S']);
    client(['Q', 'commit\0']);
    server(['C', 'BEGIN\0'], ['C', 'SELECT 1\0'], ['Z', 'T'], ['1'], ['2'], ['C', 'SELECT 1\0'], ['Z', 'T']);
    expect(log.isBusy()).toBe(true);
    server(['C', 'COMMIT\0'], ['Z', 'I']);
    const statements = ['begin', 'select set_config()', 'select $1', 'commit'];
    expect([told(), log.isBusy()]).toEqual([[{ statements, roundTrips: 1 }], false]);
  });

  it('ends with what has failed, and nothing after it was done', () => {
    const { client, server, told } = open();
    client(['Q', 'begin; broken; select 2\0']);
    server(['C', 'BEGIN\0'], ['E', 'ERROR'], ['Z', 'E']);
    client(['Q', 'rollback\0']);
    server(['C', 'ROLLBACK\0'], ['Z', 'I']);
    expect(told()).toEqual([{ statements: ['begin', 'broken (failed)', 'rollback'], roundTrips: 2 }]);
  });

  it('keeps the values that it was asked with, by which its request is known', () => {
    const { client, server, said } = open();
    client(['P', 'q\0select $1\0'], ['B', '\0q\0value-7'], ['E', '\0'], ['S']);
    server(['C', 'SELECT 1\0'], ['Z', 'I']);
    expect(said()[0]).toContain('value-7');
  });

  it('is not begun by signing in, nor by news that nobody asked for', () => {
    const { client, server, told, log } = open();
    client(['', 'user'], ['p', 'secret']);
    server(['R'], ['S', 'a\0b\0'], ['Z', 'I'], ['A', 'news']);
    expect([told(), log.isBusy()]).toEqual([[], false]);
  });
});
