import { describe, expect, it } from '@jest/globals';
import { toReportMessage as render } from '../../../adapters/slack/report-message.ts';
import type { ReportState } from '../../../domain/reports/report-state.ts';
import type { EffectNote } from '../../../db/queries/slack.ts';
import { textsFor } from '../../../contracts/texts.ts';
import { sampleApproval, sampleOrchestration, sampleResult } from '../../support/samples.ts';

const PAGE = 'https://nubabel.example/?job=1';
const toReportMessage = (state: ReportState) => render(state, PAGE);

const shown = (changes: Partial<ReportState> = {}): ReportState => ({
  orchestration: sampleOrchestration(),
  steps: [],
  costNanos: 0,
  healing: [],
  steering: [],
  effects: [],
  ...changes,
});

const whole = (given: ReportState): string => {
  const { text, blocks } = toReportMessage(given);
  return `${text}\n${JSON.stringify(blocks)}`;
};

const effect = (changes: Partial<EffectNote> = {}): EffectNote => ({
  tool: 'notion__createTask',
  state: 'DONE',
  resource: { id: 'page-1', url: 'https://notion.so/page-1' },
  undoable: true,
  undo_state: null,
  undo_losses: null,
  ...changes,
});

const asking = (plan: object, kind: 'tool' | 'effect' | 'reconnect' = 'tool', language: 'en' | 'ko' = 'en') => {
  const approval = sampleApproval();
  return shown({
    orchestration: sampleOrchestration({
      status: 'awaiting_approval',
      language,
      approval: {
        ...approval,
        kind,
        choices: ['skip', 'stop'],
        plan: { ...approval.plan, question: 'Go on?', ...plan },
      },
    }),
  });
};

const call = (args: Record<string, unknown>) => ({
  id: 'agent:ops/0',
  tool: 'notion__createTask',
  connection: 'Notion of <Acme>',
  risk: 'write' as const,
  arguments: args,
  reasons: ['risk' as const, 'untrusted_input' as const],
});

describe('a question about calls', () => {
  it('shows where, why and exactly with what', () => {
    const text = whole(asking({ calls: [call({ title: 'Ship it', dueDate: '2026-12-01' })] }));
    for (const part of [
      'notion__createTask',
      'Notion of &lt;Acme&gt;',
      'Ship it',
      '2026-12-01',
      'an unverified source',
      'SKIP',
    ])
      expect(text).toContain(part);
  });

  it('says how much of the arguments it leaves out, also when escaping makes them long', () => {
    const { blocks } = toReportMessage(asking({ calls: [call({ a: '&'.repeat(1_000), table: 'all' })] }));
    const [, shown = '', left = ''] = /```([^`]*)… \(\+(\d+)\)```/.exec(JSON.stringify(blocks)) ?? [];
    expect(Number(left)).toBeGreaterThan(0);
    expect(shown).not.toContain('all');
  });

  it('lets nothing in the arguments become a mention, a link or a way out of its block', () => {
    const text = whole(asking({ calls: [call({ title: '<!channel> ``` <https://evil.example|click>' })] }));
    expect(text).not.toContain('<!channel>');
    expect(text).not.toContain('<https://evil.example');
    expect(text.match(/```/g)?.length).toBe(2);
  });

  it('counts what does not fit', () => {
    const { blocks } = toReportMessage(asking({ calls: [call({ body: 'x'.repeat(9_000) })] }));
    expect(JSON.stringify(blocks)).toMatch(/… \(\+\d{4}\)/);
  });

  it('speaks the language of the request', () => {
    expect(whole(asking({ calls: [call({})] }, 'tool', 'ko'))).toContain('외부 변경 승인 필요');
  });
});

describe('a question about a grant', () => {
  it('has the link where it is renewed', () => {
    const reconnect = { connectionId: 'c1', connection: 'Notion', url: 'https://nubabel.example/connections/c1' };
    expect(whole(asking({ reconnect }, 'reconnect'))).toContain(
      '<https://nubabel.example/connections/c1|Reconnect Notion>',
    );
  });
});

describe('the end', () => {
  const ended = (effects: readonly EffectNote[], changes = {}) =>
    shown({ orchestration: sampleOrchestration({ status: 'completed', result: sampleResult(), ...changes }), effects });

  it('names what was changed outside with its link, and that it can be taken back', () => {
    const text = whole(ended([effect(), effect({ tool: 'slack__postMessage', undoable: false })]));
    expect(text).toContain('<https://notion.so/page-1>');
    expect(text).toContain('Reply UNDO to undo 1 change');
  });

  it.each(['en', 'ko'] as const)(
    'of cancelled work says UNDO, and what asking again does not repeat: %s',
    (language) => {
      const { plan, tools, words } = textsFor(language);
      const receipt = {
        mode: 'cancel' as const,
        callsInFlight: 1,
        spentAfterStopCents: 2,
        stepsDone: 1,
        stepsTotal: 3,
      };
      const cancelled = { status: 'cancelled' as const, result: null, receipt, language };
      const text = whole(ended([effect(), effect({ state: 'UNKNOWN' })], cancelled));
      const told = plan.receipt({ mode: 'cancel', calls: 1, spent: '2.00¢', done: 1, total: 3 });
      for (const part of [told, tools.mayUndo(1), words.askAgain, words.notRepeated(1)])
        expect(text).toContain(JSON.stringify(part).slice(1, -1));
      expect(text).toContain('"action_id":"ask_again"');
    },
  );

  it('of cancelled work that has changed nothing, or nothing any more, offers no UNDO and repeats all', () => {
    const cancelled = { status: 'cancelled' as const, result: null };
    for (const effects of [[], [effect({ undo_state: 'DONE' })], [effect({ state: 'FAILED' })]]) {
      const text = whole(ended(effects, cancelled));
      expect(text).not.toContain('UNDO');
      expect(text).toContain(textsFor('en').words.repeatsAll);
    }
  });

  it.each(['failed', 'expired'] as const)('of %s work says what asking again does not repeat', (status) => {
    const text = whole(ended([effect(), effect()], { status, result: null }));
    expect(text).toContain('Reply AGAIN to ask again.');
    expect(text).toContain('The 2 changes that were made stay and are not repeated.');
    expect(text).toContain('Reply UNDO to undo 2 changes');
  });

  it('of work that is done offers no second time', () => {
    expect(whole(ended([effect()]))).not.toContain('AGAIN');
  });

  it('says of a change that could not be confirmed', () => {
    expect(whole(ended([effect({ state: 'UNKNOWN', resource: null })]))).toContain('we couldn’t confirm this');
  });

  it('is silent about what certainly did not happen', () => {
    expect(whole(ended([effect({ state: 'FAILED' })]))).not.toContain('notion__createTask');
  });

  it('says what was taken back and what could not be', () => {
    const text = whole(ended([effect({ undo_state: 'DONE' }), effect({ undo_state: 'FAILED' })]));
    expect(text).toContain('· undone');
    expect(text).toContain('could not be undone');
    // One that could not be may be tried again.
    expect(text).toContain('Reply UNDO to undo 1 change');
    expect(whole(ended([effect({ undo_state: 'DONE' }), effect({ undo_state: 'PENDING' })]))).not.toContain('UNDO');
  });

  it('lets no address of a provider break out of its link', () => {
    const text = whole(ended([effect({ resource: { id: 'x', url: 'javascript:alert(1)' } })]));
    expect(text).not.toContain('javascript:');
  });

  it('names what was left out, and where it is mended', () => {
    const left_out = [
      { connectionId: 'c1', connection: 'Linear', reason: 'failing' as const, url: 'https://n.example/connections/c1' },
    ];
    const text = whole(ended([], { left_out }));
    expect(text).toContain('Not available: <https://n.example/connections/c1|Linear> (it is not responding)');
  });
});
