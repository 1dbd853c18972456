export interface KnownModel {
  readonly id: string;
  readonly display_name: string;
  readonly created_at: string;
  readonly max_input_tokens: number;
  readonly max_tokens: number;
}

const known = (id: string, display_name: string, created: string, maxTokens: number): KnownModel => ({
  id,
  display_name,
  created_at: `${created}T00:00:00Z`,
  max_input_tokens: 200_000,
  max_tokens: maxTokens,
});

/** What `GET /v1/models` lists and `POST /v1/messages` accepts unless the fake is given other models. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  known('claude-opus-5-5', 'Claude Opus 5.5', '2026-09-01', 128_000),
  known('claude-sonnet-5-5', 'Claude Sonnet 5.5', '2026-09-01', 128_000),
  known('claude-haiku-5-5', 'Claude Haiku 5.5', '2026-09-01', 64_000),
  known('claude-sonnet-5', 'Claude Sonnet 5', '2026-05-01', 64_000),
  known('claude-opus-4-8', 'Claude Opus 4.8', '2026-04-01', 64_000),
  known('claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-01', 64_000),
  known('claude-haiku-4-5', 'Claude Haiku 4.5', '2025-10-01', 64_000),
];
