import { expect, it } from '@jest/globals';
import { toMembership } from '../../api/slack/message.ts';

it.each([
  [{ type: 'member_joined_channel', channel: 'C1', user: 'U1' }, true],
  [{ type: 'member_left_channel', channel: 'C1', user: 'U1' }, false],
  [{ type: 'member_left_channel', channel: 'C1' }, undefined],
  [{ type: 'member_joined_channel', channel: 'C1', user: "U1'" }, undefined],
  [{ type: 'member_joined_channel', channel: { id: 'C1' }, user: 'U1' }, undefined],
  [{ type: 'message', channel: 'C1', user: 'U1' }, undefined],
])('%j makes a member: %j', (given, isMember) => {
  const of = { teamId: 'T1', channelId: 'C1', slackUserId: 'U1' };
  expect(toMembership(given, 'T1')).toEqual(isMember === undefined ? undefined : { ...of, isMember });
});
