export { demoResponder, type DemoOptions } from './demo/demo-responder.ts';
export { createFakeModel, type FakeModel, type FakeModelOptions } from './fake-model.ts';
export { conformingTo, echo, type Hints } from './from-schema.ts';
export { KNOWN_MODELS, type KnownModel } from './models.ts';
export type {
  JsonSchema,
  ModelError,
  ModelLogLine,
  ModelOutcome,
  ModelRequest,
  ModelTool,
  ModelUsage,
  Reply,
  Responder,
  ToolResultSeen,
  WantedCall,
} from './types.ts';
export { countTokens } from './usage.ts';
