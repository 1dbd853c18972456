export { type Sent } from './deliver.ts';
export { createFakeSlack, type FakeSlack, type FakeSlackOptions } from './fake-slack.ts';
export { type Fault } from './faults.ts';
export { type MessageFilter } from './handles.ts';
export { type Said, type Utterance } from './people.ts';
export { type Tampering } from './post-event.ts';
export { signSlackRequest } from './post-event.ts';
export type {
  ApiCallLine,
  Block,
  Delivery,
  MessageMetadata,
  MessageVersion,
  SlackChannel,
  SlackLogLine,
  SlackMessage,
  SlackUser,
  SlackWorkspace,
} from './types.ts';
export { demoWorkspace } from './world.ts';
