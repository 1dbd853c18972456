import type { ToolDiff, ToolView } from '../../contracts/tools.ts';
import { Icon } from '../layout/icons.tsx';
import { RiskLabel } from '../plan/step-line.tsx';
import { useText } from '../text/text-context.tsx';

interface ToolLineProps {
  readonly tool: ToolView;
  readonly open?: boolean;
  readonly busy?: boolean;
  readonly onAccept?: (() => void) | undefined;
}

/** One tool, which opens to what its server says of it: plain text, because it is untrusted. */
export function ToolLine({ tool, open = false, busy = false, onAccept }: ToolLineProps) {
  const { text } = useText();
  return (
    <li className="plan-step tool" data-tool={tool.name} data-state={tool.state}>
      <details open={open}>
        <summary>
          <Icon name="chevron" />
          <span className="step-line">
            <code className="step-title">{tool.name}</code>
            <span className="step-facts">
              <RiskLabel risk={tool.risk} />
              {tool.state !== 'active' && <span className="label label-changed">{text.tools.states[tool.state]}</span>}
            </span>
          </span>
        </summary>
        <div className="step-body">
          {tool.diff.length === 0 || tool.diff.some(({ field }) => field === 'tool') ? (
            <>
              {tool.diff.length > 0 && <p className="strong">{text.tools.isNew}</p>}
              <p className="plain">{tool.description}</p>
              <p className="quiet small">{text.tools.fields.inputSchema}</p>
              <pre className="code">{JSON.stringify(tool.inputSchema, null, 2)}</pre>
            </>
          ) : (
            tool.diff.map((diff) => <Difference key={diff.field} diff={diff} />)
          )}
          {onAccept && (
            <div className="approval-answers">
              <button type="button" className="button" disabled={busy} onClick={onAccept}>
                {text.tools.accept} <code>{tool.name}</code>
              </button>
            </div>
          )}
        </div>
      </details>
    </li>
  );
}

function Difference({ diff: { field, before, after } }: { readonly diff: ToolDiff }) {
  const { text } = useText();
  return (
    <div className="difference">
      <h3>{text.tools.fields[field]}</h3>
      <div>
        <p className="quiet small">{text.tools.before}</p>
        <pre className="code code-before">{before ?? text.tools.nothing}</pre>
      </div>
      <div>
        <p className="quiet small">{text.tools.after}</p>
        <pre className="code code-after">{after ?? text.tools.nothing}</pre>
      </div>
    </div>
  );
}
