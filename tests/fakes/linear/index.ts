import { graphqlSync } from 'graphql';
import { isRecord } from '../../../dev/fakes/http-server.ts';
import { serveProvider } from '../../../dev/fakes/provider/provider-fake.ts';
import type {
  ProviderAnswer,
  ProviderCall,
  ProviderFake,
  ProviderFakeOptions,
  ProviderRules,
} from '../../../dev/fakes/provider/types.ts';
import { failure, LinearRefusalError, refusal } from './answers.ts';
import { rootOf } from './resolvers.ts';
import { linearSchema } from './schema.ts';
import { demoWorkspace, type LinearIssue, type LinearState } from './state.ts';

export type { LinearIssue } from './state.ts';

export interface FakeLinearOptions extends ProviderFakeOptions {
  readonly token?: string;
}

export interface FakeLinear extends ProviderFake {
  readonly token: string;
  /** Where GraphQL is spoken. */
  readonly graphqlUrl: string;
  readonly issues: readonly LinearIssue[];
  readonly users: LinearState['users'];
}

const documentOf = ({ body }: ProviderCall): string => (typeof body?.['query'] === 'string' ? body['query'] : '');

function handle(state: LinearState, call: ProviderCall): ProviderAnswer {
  const authorization = call.headers.authorization ?? '';
  // Personal keys stand alone, tokens of OAuth behind `Bearer`.
  const expected = state.token.startsWith('lin_api_') ? state.token : `Bearer ${state.token}`;
  if (authorization !== expected) return failure(401);
  const { data, errors } = graphqlSync({
    schema: linearSchema,
    source: documentOf(call),
    rootValue: rootOf(state, call),
    variableValues: isRecord(call.body?.['variables']) ? call.body['variables'] : {},
  });
  const [error] = errors ?? [];
  if (!error) return { status: 200, body: { data } };
  if (error.originalError instanceof LinearRefusalError) return refusal(error.message);
  return { status: 400, body: { errors: [{ message: error.message, extensions: { type: 'graphql error' } }] } };
}

/** Linear's GraphQL API, faults and limits by the root field that is asked for. */
const linearRules = (state: LinearState): ProviderRules => ({
  operationOf: (call) => /^[^{]*\{\s*(\w+)/.exec(documentOf(call))?.[1] ?? call.path,
  failure,
  // Of a personal key: 2,500 an hour.
  limit: { requests: 2_500, windowMs: 3_600_000 },
  handle: (call) => (call.path === '/graphql' ? handle(state, call) : failure(404)),
});

/** Starts a server that speaks the part of Linear's GraphQL API about issues. */
export async function createFakeLinear(options: FakeLinearOptions = {}): Promise<FakeLinear> {
  const state = demoWorkspace(options.token ?? 'lin_api_demo');
  const server = await serveProvider(linearRules(state), options);
  return {
    ...server,
    token: state.token,
    graphqlUrl: `${server.url}/graphql`,
    issues: state.issues,
    users: state.users,
  };
}
