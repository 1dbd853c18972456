import { describe, expect, it } from '@jest/globals';
import { toCallError } from '../../../../adapters/mcp/host/call-error.ts';
import { TOO_LATE } from '../../../../adapters/mcp/host/sending-until.ts';

const asked = (what: 'tool' | 'server', signal = new AbortController().signal) => ({
  what,
  connection: 'Wiki',
  signal,
  changes: true,
  trusted: false,
  hasCredentials: false,
  hasSession: () => true,
});

describe('what people are told of a call that went wrong', () => {
  it.each([
    [
      'cancelled',
      asked('tool', AbortSignal.abort()),
      new Error('aborted'),
      'Wiki was asked to stop. It may have happened before that.',
    ],
    [
      'unknown',
      asked('tool'),
      new Error('reset'),
      'Wiki was asked, and it is not known whether it happened: its answer could not be read',
    ],
    [
      'unavailable',
      asked('tool'),
      Object.assign(new Error('late'), { code: TOO_LATE }),
      'Wiki was not asked: it was too late for that.',
    ],
    ['unavailable', asked('server'), new Error('reset'), 'Wiki does not answer: its answer could not be read'],
  ])('is %s in a sentence', (kind, target, error, message) => {
    expect(toCallError(error, target)).toMatchObject({ kind, message });
  });
});
