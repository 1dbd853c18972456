import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCircuit } from '../../../adapters/coding-agents/sidecar.ts';
import { createLogBatches, createRedaction } from '../../../adapters/coding-agents/agent-log.ts';
import { readLines } from '../../../adapters/coding-agents/read-lines.ts';
import { readAgentEvent } from '../../../adapters/coding-agents/stream-json.ts';
import { eventually } from '../../support/eventually.ts';

describe('the circuit', () => {
  const open = () => {
    let at = 0;
    const circuit = createCircuit({ failures: 5, openMs: 60_000, now: () => at });
    for (let failure = 0; failure < 5; failure++) circuit.fail();
    return { circuit, pass: (ms: number) => (at += ms) };
  };

  it('opens with the fifth failure in a row and no earlier', () => {
    const circuit = createCircuit({ failures: 5, openMs: 60_000, now: () => 0 });
    for (const _ of [1, 2, 3, 4]) circuit.fail();
    circuit.succeed();
    for (const _ of [1, 2, 3, 4]) circuit.fail();
    expect(circuit.admit()).toBe('closed');
    circuit.fail();
    expect(circuit.admit()).toEqual({ waitMs: 60_000 });
  });

  it('lets one call look after a minute, and closes or opens by what that finds', () => {
    const { circuit, pass } = open();
    pass(59_999);
    expect(circuit.admit()).toEqual({ waitMs: 1 });
    pass(1);
    expect(circuit.admit()).toBe('probe');
    expect(circuit.admit()).toEqual({ waitMs: 60_000 });
    circuit.fail();
    expect(circuit.admit()).toEqual({ waitMs: 60_000 });
    pass(60_000);
    expect(circuit.admit()).toBe('probe');
    circuit.succeed();
    expect(circuit.admit()).toBe('closed');
  });

  it('lets the next one look when a probe was cancelled', () => {
    const { circuit, pass } = open();
    pass(60_000);
    expect(circuit.admit()).toBe('probe');
    circuit.abandon();
    expect(circuit.admit()).toBe('probe');
  });
});

describe('batches of log lines', () => {
  it('come one after the other, in order, also to a slow reader', async () => {
    const seen: string[] = [];
    let at = 0;
    let most = 0;
    const log = createLogBatches({
      everyMs: 5,
      onError: () => {},
      onLog: async (lines) => {
        most = Math.max(most, (at += 1));
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(...lines);
        at -= 1;
      },
    });
    for (let line = 1; line <= 30; line++) {
      log.add([`${line}`]);
      await eventually('a turn', () => new Promise<true>((resolve) => setImmediate(() => resolve(true))));
    }
    await log.close();
    expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => `${index + 1}`));
    expect(most).toBe(1);
  });

  it('are at least so far apart', async () => {
    const times: number[] = [];
    const log = createLogBatches({ everyMs: 60, onError: () => {}, onLog: () => void times.push(performance.now()) });
    await eventually('three batches', () => {
      log.add(['more']);
      return times.length >= 3;
    });
    await log.close();
    const gaps = times.slice(1, 3).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(50);
  });

  it('that nobody takes are told and do not stop the work', async () => {
    const troubles: unknown[] = [];
    const log = createLogBatches({
      everyMs: 1,
      onError: (error) => troubles.push(error),
      onLog: () => Promise.reject(new Error('away')),
    });
    log.add(['one']);
    await log.close();
    expect(troubles).toEqual([new Error('away')]);
  });
});

describe('redaction', () => {
  it('finds a value in text, in JSON and line by line, and leaves short words alone', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nabc\n-----END KEY-----';
    const redact = createRedaction({
      KEY: key,
      QUOTED: 'say "hi" now',
      SHORT: 'abc',
      LONG: 'tok-1',
      LONGER: 'tok-12345',
    });
    expect(redact(`a ${key} b`)).toBe('a [KEY] b');
    expect(redact(JSON.stringify({ key }))).toBe('{"key":"[KEY]"}');
    expect(redact('MIIEvQIBADANBgkqhkiG9w0')).toBe('[KEY]');
    expect(redact(JSON.stringify('say "hi" now'))).toBe('"[QUOTED]"');
    expect(redact('abc tok-1 tok-12345')).toBe('abc tok-1 [LONGER]');
  });
});

describe('lines of a stream', () => {
  it('are the same however the stream is cut', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replaceAll(/[\n]/g, '') || 'x');
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
        const bytes = Buffer.from(lines.join('\n'));
        const seen: string[] = [];
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        }
        await readLines(pieces(), (text) => seen.push(text));
        expect(seen).toEqual(lines);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an event of a coding agent', () => {
  it('is read however strange its fields are, and anything else is none', () => {
    expect(readAgentEvent('not json')).toBeUndefined();
    expect(readAgentEvent('{"no":"type"}')).toBeUndefined();
    expect(readAgentEvent('{"type":"brand_new","message":7,"usage":"x"}')).toMatchObject({
      log: [],
      result: undefined,
    });
    expect(
      readAgentEvent('{"type":"result","subtype":"error_max_turns","is_error":false,"session_id":"s"}'),
    ).toMatchObject({
      sessionId: 's',
      result: { failed: true, text: 'It ended with error_max_turns.', costCents: null },
    });
  });
});
