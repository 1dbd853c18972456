import { useId, useState, type FormEvent } from 'react';
import { useText } from '../text/text-context.tsx';
import { Logo } from './icons.tsx';

interface SignInProps {
  /** The last token was not accepted. */
  readonly refused: boolean;
  readonly onToken: (token: string) => void;
}

export function SignIn({ refused, onToken }: SignInProps) {
  const { text } = useText();
  const [token, setToken] = useState('');
  const field = useId();
  const message = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  };
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <Logo />
        <h1>{text.signIn.title}</h1>
        <p className="quiet">{text.signIn.hint}</p>
        <label htmlFor={field}>{text.signIn.label}</label>
        <input
          id={field}
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          value={token}
          aria-invalid={refused}
          aria-describedby={refused ? message : undefined}
          onChange={(event) => setToken(event.target.value)}
          autoFocus
        />
        {refused && (
          <p id={message} role="alert" className="note note-bad">
            {text.signIn.refused}
          </p>
        )}
        <button type="submit" className="button primary" disabled={token.trim() === ''}>
          {text.signIn.button}
        </button>
      </form>
    </main>
  );
}

interface OtherTokenProps {
  readonly onUse: () => void;
  readonly onKeep: () => void;
}

/** Asks before a link signs somebody in as another person. */
export function OtherToken({ onUse, onKeep }: OtherTokenProps) {
  const { text } = useText();
  return (
    <div role="alertdialog" aria-label={text.signIn.other} className="other-token">
      <p>{text.signIn.other}</p>
      <button type="button" className="button primary" onClick={onKeep} autoFocus>
        {text.signIn.keepOwn}
      </button>
      <button type="button" className="button" onClick={onUse}>
        {text.signIn.useOther}
      </button>
    </div>
  );
}
