import { ApiProblemError } from '../api/problem.ts';
import { useText } from '../text/text-context.tsx';

interface ProblemNoteProps {
  readonly error: Error;
  /** What to say when no answer came at all. */
  readonly unreachable?: string;
}

/** A refusal in the server's own sentence, with the id to quote when asking about it. */
export function ProblemNote({ error, unreachable }: ProblemNoteProps) {
  const { text } = useText();
  if (!(error instanceof ApiProblemError)) {
    return (
      <p role="alert" className="note note-bad">
        {unreachable ?? text.job.unreachable}
      </p>
    );
  }
  const { detail, requestId } = error.problem;
  const errors = error.problem.errors?.filter(
    ({ path, message }) => detail !== (path ? `${path}: ${message}` : message),
  );
  return (
    <div role="alert" className="note note-bad">
      <p>{detail}</p>
      {errors && errors.length > 0 && (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path !== '' && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      {requestId !== undefined && <p className="request-id">{requestId}</p>}
    </div>
  );
}
