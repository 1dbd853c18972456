/** One field of a selection; `args` may hold `{ $variable: name }`. */
export interface GraphqlField {
  readonly name: string;
  readonly alias: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly selection: readonly GraphqlField[];
}

export interface GraphqlOperation {
  readonly kind: 'query' | 'mutation';
  readonly selection: readonly GraphqlField[];
}

type Piece = GraphqlField | { readonly spread: string };

/** Enough of GraphQL for documents with one operation: fields, aliases, arguments, variables, fragments. */
export function parseGraphql(document: string): GraphqlOperation {
  const tokens = document
    .replaceAll(/#[^\n]*/g, '')
    .match(/\.\.\.|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[^\s,]/g);
  const reader = createReader(tokens ?? []);
  const fragments = new Map<string, readonly Piece[]>();
  let operation: { kind: 'query' | 'mutation'; pieces: readonly Piece[] } | undefined;
  while (reader.peek() !== undefined) {
    const word = reader.next();
    if (word === 'fragment') {
      const name = reader.next();
      reader.expect('on');
      reader.next();
      fragments.set(name, readSelection(reader));
    } else if (word === 'query' || word === 'mutation') {
      while (reader.peek() !== '{') if (reader.next() === '(') skipParentheses(reader);
      operation = { kind: word, pieces: readSelection(reader) };
    } else throw new Error(`Syntax Error: Unexpected "${word}".`);
  }
  if (!operation) throw new Error('Syntax Error: There is no operation.');
  const resolve = (pieces: readonly Piece[]): GraphqlField[] =>
    pieces.flatMap((piece) =>
      'spread' in piece
        ? resolve(fragments.get(piece.spread) ?? [])
        : { ...piece, selection: resolve(piece.selection) },
    );
  return { kind: operation.kind, selection: resolve(operation.pieces) };
}

interface Reader {
  peek(): string | undefined;
  next(): string;
  expect(token: string): void;
}

function createReader(tokens: readonly string[]): Reader {
  let at = 0;
  const next = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw new Error('Syntax Error: Unexpected end.');
    return token;
  };
  return {
    peek: () => tokens[at],
    next,
    expect(token) {
      const found = next();
      if (found !== token) throw new Error(`Syntax Error: Expected "${token}", found "${found}".`);
    },
  };
}

function skipParentheses(reader: Reader): void {
  for (let open = 1; open > 0;) {
    const token = reader.next();
    open += token === '(' ? 1 : token === ')' ? -1 : 0;
  }
}

function readSelection(reader: Reader): readonly Piece[] {
  reader.expect('{');
  const pieces: Piece[] = [];
  while (reader.peek() !== '}') pieces.push(reader.peek() === '...' ? readSpread(reader) : readField(reader));
  reader.expect('}');
  return pieces;
}

function readSpread(reader: Reader): Piece {
  reader.expect('...');
  const word = reader.next();
  if (word !== 'on') return { spread: word };
  reader.next();
  // What is asked of one type of a union is not needed here.
  readSelection(reader);
  return { spread: '' };
}

function readField(reader: Reader): GraphqlField {
  const first = reader.next();
  const named = reader.peek() === ':';
  if (named) reader.next();
  const name = named ? reader.next() : first;
  const args: Record<string, unknown> = {};
  if (reader.peek() === '(') {
    reader.next();
    while (reader.peek() !== ')') {
      const argument = reader.next();
      reader.expect(':');
      args[argument] = readValue(reader);
    }
    reader.next();
  }
  return {
    name,
    alias: first,
    args,
    selection: reader.peek() === '{' ? (readSelection(reader) as GraphqlField[]) : [],
  };
}

function readValue(reader: Reader): unknown {
  const token = reader.next();
  if (token === '$') return { $variable: reader.next() };
  if (token === '{' || token === '[') throw new Error('Syntax Error: Lists and objects go by variables here.');
  try {
    return JSON.parse(token);
  } catch {
    return token;
  }
}
