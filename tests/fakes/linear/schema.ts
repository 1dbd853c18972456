import { buildSchema } from 'graphql';

/** The part of Linear's schema about issues, with the names and types that its SDK was generated from. */
export const linearSchema = buildSchema(`
  scalar DateTime
  scalar DateTimeOrDuration
  scalar TimelessDate
  enum PaginationOrderBy { createdAt updatedAt }

  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type User {
    id: ID! name: String! displayName: String! email: String! active: Boolean! isMe: Boolean!
    admin: Boolean app: Boolean archivedAt: DateTime avatarBackgroundColor: String avatarUrl: String calendarHash: String
    canAccessAnyPublicTeam: Boolean createdAt: DateTime createdIssueCount: Int description: String disableReason: String
    gitHubUserId: String guest: Boolean initials: String inviteHash: String isAssignable: Boolean isMentionable: Boolean
    lastSeen: DateTime owner: Boolean statusEmoji: String statusLabel: String statusUntilAt: DateTime
    supportsAgentSessions: Boolean timezone: String title: String updatedAt: DateTime url: String
  }
  type WorkflowState { id: ID! name: String! type: String! }
  type Team {
    id: ID! key: String! name: String!
    states(first: Int, after: String): WorkflowStateConnection!
    issues(filter: IssueFilter, first: Int, after: String): IssueConnection!
  }
  type Issue {
    id: ID! identifier: String! number: Float! title: String! description: String url: String! priority: Float!
    dueDate: TimelessDate createdAt: DateTime! updatedAt: DateTime! trashed: Boolean
    state: WorkflowState! team: Team! assignee: User
    comments(first: Int, after: String): CommentConnection!
    children(first: Int, after: String): IssueConnection!
    attachments(first: Int, after: String): AttachmentConnection!
    relations(first: Int, after: String): IssueRelationConnection!
    history(first: Int, after: String): IssueHistoryConnection!
  }
  type Comment { id: ID! user: User }
  type Attachment { id: ID! }
  type IssueRelation { id: ID! }
  type IssueHistory { id: ID! actor: User }
  type CommentConnection { nodes: [Comment!]! pageInfo: PageInfo! }
  type AttachmentConnection { nodes: [Attachment!]! pageInfo: PageInfo! }
  type IssueRelationConnection { nodes: [IssueRelation!]! pageInfo: PageInfo! }
  type IssueHistoryConnection { nodes: [IssueHistory!]! pageInfo: PageInfo! }
  type UserConnection { nodes: [User!]! pageInfo: PageInfo! }
  type TeamConnection { nodes: [Team!]! pageInfo: PageInfo! }
  type IssueConnection { nodes: [Issue!]! pageInfo: PageInfo! }
  type WorkflowStateConnection { nodes: [WorkflowState!]! pageInfo: PageInfo! }

  input IDComparator { eq: ID neq: ID in: [ID!] nin: [ID!] }
  input BooleanComparator { eq: Boolean neq: Boolean }
  input StringComparator { eq: String neq: String in: [String!] eqIgnoreCase: String containsIgnoreCase: String }
  input DateComparator { gte: DateTimeOrDuration lte: DateTimeOrDuration }
  input TeamFilter {
    id: IDComparator key: StringComparator name: StringComparator and: [TeamFilter!] or: [TeamFilter!]
  }
  input UserFilter {
    id: IDComparator email: StringComparator name: StringComparator displayName: StringComparator
    isMe: BooleanComparator and: [UserFilter!] or: [UserFilter!]
  }
  input NullableUserFilter { id: IDComparator email: StringComparator isMe: BooleanComparator null: Boolean }
  input WorkflowStateFilter { id: IDComparator name: StringComparator type: StringComparator }
  input IssueFilter {
    id: IDComparator title: StringComparator updatedAt: DateComparator team: TeamFilter state: WorkflowStateFilter
    assignee: NullableUserFilter and: [IssueFilter!] or: [IssueFilter!]
  }
  input IssueCreateInput {
    id: String teamId: String! title: String description: String stateId: String assigneeId: String priority: Int
    dueDate: TimelessDate
  }
  input IssueUpdateInput {
    title: String description: String stateId: String assigneeId: String priority: Int dueDate: TimelessDate
  }
  type IssuePayload { success: Boolean! lastSyncId: Float! issue: Issue }
  type IssueArchivePayload { success: Boolean! lastSyncId: Float! entity: Issue }

  type Query {
    viewer: User!
    users(filter: UserFilter, first: Int, after: String): UserConnection!
    teams(filter: TeamFilter, first: Int, after: String): TeamConnection!
    issues(filter: IssueFilter, first: Int, after: String, orderBy: PaginationOrderBy): IssueConnection!
    issue(id: String!): Issue!
  }
  type Mutation {
    issueCreate(input: IssueCreateInput!): IssuePayload!
    issueUpdate(id: String!, input: IssueUpdateInput!): IssuePayload!
    issueDelete(id: String!, permanentlyDelete: Boolean): IssueArchivePayload!
  }
`);
