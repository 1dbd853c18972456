import { z } from 'zod';

/** The provider's name and slug: its tools are `delegate__opencode`, `delegate__claude_code` and `delegate__cursor`. */
export const DELEGATE = 'delegate';

export const DELEGATION_TOOLS = ['opencode', 'claude_code', 'cursor'] as const;
export type DelegationTool = (typeof DELEGATION_TOOLS)[number];

/** What every delegated task answers. `null`: not told. Cents may be fractions. */
export const DelegationOutput = z.object({
  status: z.enum(['success', 'failed']),
  output: z.string(),
  sessionId: z.string().nullable(),
  model: z.string().nullable(),
  durationMs: z.number(),
  costCents: z.number().nullable(),
  inputTokens: z.number().nullable(),
  outputTokens: z.number().nullable(),
});
export type DelegationOutput = z.infer<typeof DelegationOutput>;
