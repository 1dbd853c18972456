import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ConnectionTools } from '../../contracts/connections.ts';
import type { ToolView } from '../../contracts/tools.ts';
import { useApi } from '../api/api-context.tsx';
import { QUERY } from '../api/queries.ts';
import { ProblemNote } from '../layout/problem-note.tsx';
import { useText } from '../text/text-context.tsx';
import { ToolLine } from './tool-line.tsx';

interface WaitingToolsProps {
  readonly connectionId: string;
  readonly tools: readonly ToolView[];
  readonly admin: boolean;
  readonly onAccepted: (now: ConnectionTools) => Promise<void>;
}

/** New and changed tools, which are off until an admin has seen how they differ from what was accepted. */
export function WaitingTools({ connectionId, tools, admin, onAccepted }: WaitingToolsProps) {
  const api = useApi();
  const cache = useQueryClient();
  const { text } = useText();
  const accept = useMutation({
    // The hashes bind the answer to exactly what is on the page.
    mutationFn: (shown: readonly ToolView[]) =>
      api.acceptTools(connectionId, { tools: shown.map(({ name, hash }) => ({ name, hash })) }),
    onSuccess: onAccepted,
    onError: () => cache.invalidateQueries({ queryKey: QUERY.connectionTools(connectionId) }),
  });
  return (
    <div className="approval">
      <p>{admin ? text.tools.quarantine : text.tools.adminsOnly}</p>
      <ul className="plan-steps">
        {tools.map((tool) => (
          <ToolLine
            key={tool.name}
            tool={tool}
            open
            busy={accept.isPending}
            onAccept={admin ? () => accept.mutate([tool]) : undefined}
          />
        ))}
      </ul>
      {admin && tools.length > 1 && (
        <div className="approval-answers">
          <button
            type="button"
            className="button primary"
            disabled={accept.isPending}
            onClick={() => accept.mutate(tools)}
          >
            {text.tools.acceptAll(tools.length)}
          </button>
        </div>
      )}
      {accept.error && <ProblemNote error={accept.error} />}
    </div>
  );
}
