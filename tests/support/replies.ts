import type { ModelRequest, Responder } from '../../dev/fakes/model/index.ts';

/** Which part of the product asks: the analysis, or an agent by its name. */
export function askerOf(request: ModelRequest): string {
  if (request.schema) return 'analysis';
  return /You are (\w+)/.exec(request.system)?.[1]?.toLowerCase() ?? 'unknown';
}

export interface AnalysisReply {
  readonly agents?: readonly { agent: string; relevance: number }[];
  readonly mode?: 'parallel' | 'sequential' | 'fallback';
  readonly language?: 'en' | 'ko';
  readonly category?: string;
  readonly intent?: string;
}

/** An analysis as the model gives it. */
export const analysisReply = ({ agents, ...rest }: AnalysisReply = {}) => ({
  json: {
    intent: 'content',
    entities: [],
    category: 'quick',
    skills: [],
    confidence: 0.9,
    language: 'en',
    agents: agents ?? [{ agent: 'general', relevance: 1 }],
    mode: 'parallel',
    ...rest,
  },
});

/** A model that analyses as told and lets every agent say its own name. */
export const specialist =
  (analysis: AnalysisReply = {}): Responder =>
  (request) => {
    const asker = askerOf(request);
    return asker === 'analysis' ? analysisReply(analysis) : { text: `${asker} has answered.\nCONFIDENCE: 0.8` };
  };
