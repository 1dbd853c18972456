import { useState, type ReactNode } from 'react';
import { useText } from '../text/text-context.tsx';

/** The empty page: an invitation, the ask box given as children, and three things to try. */
export function Start({ children }: { readonly children: (draft: string) => ReactNode }) {
  const { text } = useText();
  const [draft, setDraft] = useState('');
  return (
    <div className="start">
      <h1>{text.ask.title}</h1>
      <p className="quiet lead">{text.ask.hint}</p>
      {children(draft)}
      <ul className="examples">
        {text.ask.examples.map((example) => (
          <li key={example}>
            <button type="button" className="example" onClick={() => setDraft(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
