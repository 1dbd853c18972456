import { lazy, Suspense } from 'react';

// The renderer is half of the page's weight and needed only once there is an answer.
const MarkdownBody = lazy(() => import('./markdown-body.tsx'));

/** An agent's Markdown; until the renderer is there, its plain text. */
export function Markdown({ children }: { readonly children: string }) {
  return (
    <div className="prose">
      <Suspense fallback={<p className="plain">{children}</p>}>
        <MarkdownBody>{children}</MarkdownBody>
      </Suspense>
    </div>
  );
}
