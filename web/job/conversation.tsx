import type { SessionView } from '../../contracts/orchestration.ts';
import { PageLink, type Route, toJob } from '../layout/routes.tsx';
import { useText } from '../text/text-context.tsx';
import { Markdown } from './markdown.tsx';

type SessionMessage = SessionView['messages'][number];

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

interface TurnsProps {
  readonly label: string;
  readonly messages: readonly SessionMessage[];
  readonly onNavigate: (route: Route) => void;
}

/** A stretch of the conversation as it was said. */
export function Turns({ label, messages, onNavigate }: TurnsProps) {
  const { text } = useText();
  if (messages.length === 0) return null;
  return (
    <section className="turns" aria-label={label}>
      {messages.map((message) => (
        <div key={message.id} className={`turn turn-${message.role === 'user' ? 'user' : 'assistant'}`}>
          {message.role === 'user' ? (
            <p className="request">{message.content}</p>
          ) : (
            <Markdown>{message.content}</Markdown>
          )}
          {message.role === 'assistant' && message.jobId !== null && (
            <PageLink to={toJob(message.jobId)} className="text-button turn-link" onNavigate={onNavigate}>
              {text.job.open}
            </PageLink>
          )}
        </div>
      ))}
    </section>
  );
}
