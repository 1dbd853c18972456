export { createFakeIdentity } from './fake-identity.ts';
export type { FakeClient, FakeIdentity, FakeIdentityOptions, IdentityLine, IdentitySettings } from './types.ts';
