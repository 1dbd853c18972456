export { createFakeMcp, type FakeCall, type FakeMcp, type FakeMcpOptions } from './fake-mcp.ts';
export type { FakeMcpLine, FakeProgress, FakeReply, FakeTool } from './types.ts';
