import { ApiProblemError } from '../api/problem.ts';
import { type Localization, useText } from '../text/text-context.tsx';

interface ProblemNoteProps {
  readonly error: Error;
  /** What to say when no answer came at all. */
  readonly unreachable?: string;
  /** What to say when the message is refused for a word that counts elsewhere: where, on this page. */
  readonly reserved?: string | undefined;
}

/** The server says why in English; elsewhere its kind is said, and its sentence is left out. */
const sentenceOf = ({ problem: { type, detail } }: ApiProblemError, { language, text }: Localization): string =>
  language === 'en'
    ? detail
    : (problemText(text.problems, type.split('/').at(-1) ?? '') ?? text.problems['internal'] ?? detail);

const problemText = (texts: Readonly<Record<string, string>>, kind: string): string | undefined =>
  Object.hasOwn(texts, kind) ? texts[kind] : undefined;

/** A refusal in the server's own sentence, with the id to quote when asking about it. */
export function ProblemNote({ error, unreachable, reserved }: ProblemNoteProps) {
  const localization = useText();
  const { text, language } = localization;
  if (!(error instanceof ApiProblemError)) {
    return (
      <p role="alert" className="note note-bad">
        {unreachable ?? text.job.unreachable}
      </p>
    );
  }
  const { detail, requestId, type } = error.problem;
  if (reserved !== undefined && type.endsWith('/reserved-word'))
    return (
      <p role="alert" className="note">
        {reserved}
      </p>
    );
  const errors = error.problem.errors?.filter(
    ({ path, message }) => detail !== (path ? `${path}: ${message}` : message),
  );
  return (
    <div role="alert" className="note note-bad">
      <p>{sentenceOf(error, localization)}</p>
      {errors && errors.length > 0 && (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path !== '' && <code>{path}</code>} {language === 'en' && message}
            </li>
          ))}
        </ul>
      )}
      {requestId !== undefined && <p className="request-id">{requestId}</p>}
    </div>
  );
}
