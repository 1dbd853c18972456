import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { textsFor } from '../../../contracts/texts.ts';
import type { UndoLoss } from '../../../contracts/effects.ts';
import { changeOrchestration, getOrchestration } from '../../../db/queries/orchestrations.ts';
import { acceptUndoLosses, listEffects } from '../../../db/queries/effects.ts';
import { finishUndo } from '../../../domain/effects/undo.ts';
import { ToolCallError } from '../../../domain/tools/tool-ports.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { tool } from './scripted-host.ts';

let database: TestDatabase;
let nubabel: Ledger;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  nubabel = await openLedger(database);
});

describe('taking a change back', () => {
  const undoStates = async () =>
    (await nubabel.inside((trx) => listEffects(trx, nubabel.orchestrationId))).map(
      ({ undo_state: state, undo_losses: losses }) => ({ state, losses }),
    );
  const COMMENT: UndoLoss = { what: 'comments', count: 1, people: ['Grace'] };

  it('asks when others have done something since, and does nothing meanwhile', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const { world, make, undo } = nubabel.open(offered);
    await make();
    world.losses = [COMMENT];
    await expect(undo()).resolves.toEqual({ undone: false });
    expect(world.undone).toEqual([]);
    expect(await undoStates()).toEqual([{ state: 'ASK', losses: [COMMENT] }]);
    // Said once more without an answer it looks again, and asks again.
    await expect(undo()).resolves.toEqual({ undone: false });
    expect(world.undone).toEqual([]);
  });

  it('goes on once that was said yes to, and asks again about what has come since', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const { world, make, undo } = nubabel.open(offered);
    await make();
    world.losses = [COMMENT];
    await undo();
    const [effect] = await nubabel.inside((trx) => listEffects(trx, nubabel.orchestrationId));
    await nubabel.inside((trx) => acceptUndoLosses(trx, [effect?.key ?? '']));
    world.losses = [{ ...COMMENT, count: 2 }];
    await expect(undo()).resolves.toEqual({ undone: false });
    expect(world.undone).toEqual([]);
    world.losses = [COMMENT];
    await expect(undo()).resolves.toEqual({ undone: true });
    expect(world.undone).toHaveLength(1);
    expect(await undoStates()).toEqual([{ state: 'DONE', losses: null }]);
  });

  it('that was cancelled midway says so at its end, claims nothing, and can be asked for again', async () => {
    const offered = tool();
    await nubabel.want(offered);
    const { world, deps, make, undo } = nubabel.open(offered);
    await make();
    const { undo: takeBack } = deps.host;
    Object.assign(deps.host, { undo: () => Promise.reject(new ToolCallError('cancelled', 'Stopped.')) });
    await expect(undo()).rejects.toThrow('Stopped.');
    await nubabel.inside((trx) =>
      changeOrchestration(trx, {
        organizationId: nubabel.organizationId,
        id: nubabel.orchestrationId,
        set: { status: 'completed' },
        event: 'orchestration_completed',
      }),
    );
    expect(await finishUndo(deps, nubabel)).toEqual({ done: 0, total: 1 });
    const { step } = await nubabel.inside((trx) => getOrchestration(trx, nubabel.orchestrationId));
    expect(step).toBe(textsFor('en').tools.undone(0, 1));
    Object.assign(deps.host, { undo: takeBack });
    await expect(undo()).resolves.toEqual({ undone: true });
    expect(world.undone).toHaveLength(1);
    expect(await finishUndo(deps, nubabel)).toEqual({ done: 1, total: 1 });
  });
});
