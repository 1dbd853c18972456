import { useEffect, useState } from 'react';
import { Icon } from '../layout/icons.tsx';
import { useText } from '../text/text-context.tsx';

const THANKS_MS = 2_000;

/** Copies Markdown to the clipboard; absent where the browser offers none, as on plain http. */
export function CopyButton({ content }: { readonly content: string }) {
  const { text } = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), THANKS_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  if (!('clipboard' in navigator)) return null;
  const copy = () => {
    navigator.clipboard.writeText(content).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <button type="button" className="text-button copy" onClick={copy}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{copied ? text.job.copied : text.job.copy}</span>
    </button>
  );
}
