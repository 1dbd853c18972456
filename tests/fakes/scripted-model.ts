import type { ModelRequest, Reply, Responder } from '../../dev/fakes/model/index.ts';

/** A turn the test expects. Without `match` it is the next one in order; with it, whenever it comes. */
export interface ScriptedTurn {
  readonly match?: string | RegExp | ((request: ModelRequest) => boolean);
  readonly reply: Reply | ((request: ModelRequest) => Reply | Promise<Reply>);
  /** How often the turn is said; 1 unless told. */
  readonly times?: number;
}

export interface ScriptedModel {
  readonly respond: Responder;
  /** Throws when a turn was not used or a request came that no turn expected. */
  assertAllSaid(): void;
}

const matches = ({ match }: ScriptedTurn, request: ModelRequest): boolean => {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(request);
  const text = `${request.system}\n${request.userText}`;
  return typeof match === 'string' ? text.includes(match) : match.test(text);
};

/** A responder that says exactly what the test wrote down, and keeps score. */
export function scriptedModel(turns: readonly ScriptedTurn[]): ScriptedModel {
  const open = turns.map((turn) => ({ turn, left: turn.times ?? 1 }));
  const unexpected: string[] = [];
  const find = (request: ModelRequest) => {
    const ready = open.filter(({ left }) => left > 0);
    return (
      ready.find(({ turn }) => turn.match !== undefined && matches(turn, request)) ??
      ready.find(({ turn }) => turn.match === undefined)
    );
  };
  return {
    async respond(request) {
      const found = find(request);
      if (!found) {
        unexpected.push(`${request.model}: ${request.userText.slice(0, 120)}`);
        return { error: { status: 400, type: 'invalid_request_error', message: 'The script has no turn for this.' } };
      }
      found.left -= 1;
      return typeof found.turn.reply === 'function' ? found.turn.reply(request) : found.turn.reply;
    },
    assertAllSaid() {
      const unused = open
        .filter(({ left }) => left > 0)
        .map(({ turn }) => `unused: ${String(turn.match ?? 'next turn')}`);
      const problems = [...unused, ...unexpected.map((text) => `unexpected: ${text}`)];
      if (problems.length > 0) throw new Error(`The script was not followed:\n  ${problems.join('\n  ')}`);
    },
  };
}
