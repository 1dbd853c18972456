import { PageLink } from '../layout/page-link.tsx';
import { toJob, type Place } from '../layout/use-place.ts';
import { useText } from '../text/text-context.tsx';
import type { SessionMessage } from './conversation.ts';
import { Markdown } from './markdown.tsx';

interface TurnsProps {
  readonly label: string;
  readonly messages: readonly SessionMessage[];
  readonly onGo: (place: Place) => void;
}

/** A stretch of the conversation as it was said. */
export function Turns({ label, messages, onGo }: TurnsProps) {
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
            <PageLink to={toJob(message.jobId)} className="text-button turn-link" onGo={onGo}>
              {text.job.open}
            </PageLink>
          )}
        </div>
      ))}
    </section>
  );
}
