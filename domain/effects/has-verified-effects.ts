import type { OfferedTool } from '../tools/tool-host.ts';

/** What a tool of ours answers to a change is made by us: ids and addresses, no text of others. */
export const hasVerifiedEffects = ({
  canReadBack,
  canUndo,
  takesEffectKey,
}: Pick<OfferedTool, 'canReadBack' | 'canUndo' | 'takesEffectKey'>): boolean =>
  canReadBack || canUndo || takesEffectKey;
