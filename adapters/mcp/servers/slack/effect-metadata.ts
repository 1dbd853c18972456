import type { ToolContext } from '../define.ts';
import { effectMark } from '../effect-mark.ts';

const EVENT_TYPE = 'nubabel_effect';

/** Metadata that nobody sees in the message, so that a lost answer can be looked up. */
export const effectMetadata = ({ effectKey }: Pick<ToolContext, 'effectKey'>) =>
  effectKey ? { metadata: { event_type: EVENT_TYPE, event_payload: { key: effectMark(effectKey) } } } : {};

interface Metadata {
  readonly event_type?: string | undefined;
  readonly event_payload?: object | undefined;
}

/** Whether a message was last written by this effect. */
export function isOfEffect(metadata: Metadata | undefined, effectKey: string): boolean {
  const payload = metadata?.event_payload;
  return (
    metadata?.event_type === EVENT_TYPE &&
    payload !== undefined &&
    'key' in payload &&
    payload.key === effectMark(effectKey)
  );
}
