import type { SessionView } from '../../contracts/orchestration.ts';

export type SessionMessage = SessionView['messages'][number];

/** What was said before and after one job; its own request and answer are left to whoever shows the job. */
export function aroundJob(
  session: Pick<SessionView, 'messages'>,
  job: { readonly jobId: string; readonly createdAt: string },
): { readonly before: SessionMessage[]; readonly after: SessionMessage[] } {
  const inOrder = session.messages.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  const others = inOrder.filter(({ jobId }) => jobId !== job.jobId);
  const isOwn = (message: SessionMessage) => message.jobId === job.jobId;
  const first = inOrder.find(isOwn)?.createdAt ?? job.createdAt;
  const isBefore = (message: SessionMessage) => Date.parse(message.createdAt) < Date.parse(first);
  return { before: others.filter(isBefore), after: others.filter((message) => !isBefore(message)) };
}
