export interface LinearUser {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
}

export interface LinearTeam {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly states: readonly { readonly id: string; readonly name: string; readonly type: string }[];
}

export interface LinearIssue {
  readonly id: string;
  readonly number: number;
  readonly teamId: string;
  readonly createdAt: string;
  title: string;
  description: string | null;
  stateId: string;
  assigneeId: string | null;
  priority: number;
  dueDate: string | null;
  updatedAt: string;
  trashed: boolean;
  /** Added by people there. */
  readonly comments: { readonly id: string; readonly userId: string }[];
  readonly children: { readonly id: string }[];
  readonly attachments: { readonly id: string }[];
  readonly relations: { readonly id: string }[];
  /** Who has changed it, the oldest first. */
  readonly history: { readonly id: string; readonly actorId: string }[];
}

export interface LinearState {
  readonly token: string;
  readonly viewerId: string;
  readonly users: readonly LinearUser[];
  readonly teams: readonly LinearTeam[];
  readonly issues: LinearIssue[];
}

const statesOf = (team: string) =>
  [
    ['Backlog', 'backlog'],
    ['Todo', 'unstarted'],
    ['In Progress', 'started'],
    ['Done', 'completed'],
    ['Canceled', 'canceled'],
  ].map(([name = '', type = ''], at) => ({ id: uuid(`${team}${at}`), name, type }));

/** A UUID for a seed, the same every time. */
const uuid = (seed: string): string => {
  const hex = Buffer.from(seed.padEnd(16, '.')).toString('hex').slice(0, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-');
};

/** Three people and two teams, without issues. */
export const demoWorkspace = (token: string): LinearState => ({
  token,
  viewerId: uuid('bot'),
  users: [
    { id: uuid('bot'), name: 'Nubabel', displayName: 'nubabel', email: 'nubabel@example.com' },
    { id: uuid('ada'), name: 'Ada Lovelace', displayName: 'ada', email: 'ada@example.com' },
    { id: uuid('grace'), name: 'Grace Hopper', displayName: 'grace', email: 'grace@example.com' },
  ],
  teams: [
    { id: uuid('eng'), key: 'ENG', name: 'Engineering', states: statesOf('eng') },
    { id: uuid('ops'), key: 'OPS', name: 'Operations', states: statesOf('ops') },
  ],
  issues: [],
});
