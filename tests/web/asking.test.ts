import { describe, expect, it } from '@jest/globals';
import { createApi, consumeToken } from '../../web/api/client.ts';
import { isLasting, UnreachableError } from '../../web/api/problem.ts';
import { createKeyring, emptyDraft, toRequest } from '../../web/ask/ask-request.ts';
import { aroundJob } from '../../web/job/conversation.tsx';
import { applyToList } from '../../web/job/use-organization-events.ts';
import { newJob } from './scripted-nubabel.ts';

describe('a request', () => {
  it('leaves out what the person left open', () => {
    expect(toRequest(emptyDraft(' hi '), undefined)).toEqual({ message: 'hi' });
    const chosen = { agents: ['brand' as const], category: 'quick' as const, requireApproval: true, dryRun: true };
    const full = { message: 'hi', plan: 'never' as const, ...chosen };
    expect(toRequest(full, 's1')).toEqual({ ...full, sessionId: 's1' });
  });

  it('keeps its key while tried again, and changes it with the words or once accepted', () => {
    const keys = ['a', 'b', 'c'];
    const keyring = createKeyring(() => keys.shift() ?? 'none left');
    const key = (message: string) => keyring.keyed({ message }).idempotencyKey;
    expect([key('hi'), key('hi'), key('hi!')]).toEqual(['a', 'a', 'b']);
    keyring.accepted();
    expect(key('hi!')).toBe('c');
  });
});

describe('the client', () => {
  const client = (answer: () => Promise<Response>) => {
    const signedOut: true[] = [];
    const sent: Headers[] = [];
    const fetch = (_: unknown, init?: RequestInit) => {
      sent.push(new Headers(init?.headers));
      return answer();
    };
    const api = createApi({ baseUrl: '', token: 't', fetch, onUnauthorized: () => signedOut.push(true) });
    return { api, signedOut, sent };
  };

  it('sends the token and turns a refusal into its sentence', async () => {
    const document = { type: '/problems/x', title: 'x', status: 409, detail: 'Already answered.' };
    const { api, sent } = client(async () => Response.json(document, { status: 409 }));
    await expect(api.approve('job-1', { hash: 'hash-1' })).rejects.toThrow('Already answered.');
    expect(sent[0]?.get('authorization')).toBe('Bearer t');
  });

  it('signs out when the token is not accepted', async () => {
    const { api, signedOut } = client(async () => new Response('nope', { status: 401 }));
    await expect(api.me()).rejects.toThrow('The server answered 401');
    expect(signedOut).toHaveLength(1);
  });

  it('tells a lost connection from a refusal', async () => {
    const { api } = client(() => Promise.reject(new TypeError('fetch failed')));
    const error: unknown = await api.me().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnreachableError);
    expect(isLasting(error)).toBe(false);
  });
});

describe('the token', () => {
  const place = (hash: string, kept?: string) => {
    const store = new Map(kept === undefined ? [] : [['nubabel.token', kept]]);
    const address: string[] = [];
    const { token, offered } = consumeToken({
      location: { hash, pathname: '/', search: '?job=1' },
      history: { state: null, replaceState: (_, __, url) => void address.push(String(url)) },
      storage: {
        getItem: (key) => store.get(key) ?? null,
        setItem: (key, value) => void store.set(key, value),
        removeItem: (key) => void store.delete(key),
      },
    });
    return { token, offered, kept: store.get('nubabel.token'), address };
  };

  it('is kept and leaves the address bar', () => {
    expect(place('#token=a%2Bb')).toEqual({ token: 'a+b', offered: undefined, kept: 'a+b', address: ['/?job=1'] });
  });

  it('is remembered when the address brings none', () => {
    expect(place('', 'old')).toEqual({ token: 'old', offered: undefined, kept: 'old', address: [] });
    expect(place('#token=', 'old').token).toBe('old');
  });

  it('of a link does not replace the one in use: whoever is signed in is asked', () => {
    expect(place('#token=theirs', 'mine')).toEqual({
      token: 'mine',
      offered: 'theirs',
      kept: 'mine',
      address: ['/?job=1'],
    });
    expect(place('#token=mine', 'mine').offered).toBeUndefined();
  });
});

describe('the lists', () => {
  const event = { id: 9, at: '', jobId: 'job-1', sessionId: null };

  it('follow progress at once and leave new and ended jobs to the server', () => {
    const list = { jobs: [newJob({ progress: 30 })] };
    const moved = applyToList(list, { ...event, type: 'orchestration_progress', progress: 40, status: 'running' });
    expect(moved?.jobs[0]).toMatchObject({ progress: 40, status: 'running' });
    expect(applyToList(list, { ...event, type: 'orchestration_progress', progress: 10 })).toBe(list);
    expect(applyToList(list, { ...event, type: 'orchestration_completed' })).toBeUndefined();
    expect(applyToList(list, { ...event, jobId: 'new', type: 'delegation_log' })).toBe(list);
    expect(applyToList(list, { ...event, jobId: 'new', type: 'orchestration_progress' })).toBeUndefined();
  });

  it('split a conversation around the job that is shown', () => {
    const said = (id: string, jobId: string | null, minute: number) => ({
      id,
      jobId,
      role: 'user' as const,
      content: id,
      createdAt: `2026-01-01T00:0${minute}:00Z`,
    });
    const messages = [said('later', 'c', 5), said('own', 'b', 3), said('earlier', 'a', 1), said('note', null, 2)];
    const { before, after } = aroundJob({ messages }, { jobId: 'b', createdAt: '2026-01-01T00:03:01Z' });
    expect(before.map(({ id }) => id)).toEqual(['earlier', 'note']);
    expect(after.map(({ id }) => id)).toEqual(['later']);
  });
});
