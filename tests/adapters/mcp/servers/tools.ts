import type { UndoLoss } from '../../../../contracts/effects.ts';
import type {
  ClientSettings,
  Provider,
  ProviderTool,
  ReadBackVerdict,
  ToolContext,
} from '../../../../adapters/mcp/servers/define.ts';

export type ToolContextChange = Partial<ToolContext>;

/** A client of a provider at a fake's address, and its tools as the host calls them: arguments parsed first. */
export function openProvider(
  whole: Provider,
  given: {
    url: string | undefined;
    token: string;
    email?: string;
    settings?: Record<string, string>;
    fetch?: typeof fetch;
  },
) {
  const settings = given.settings ?? {};
  const made: ClientSettings = { email: undefined, fetch, ...given, settings };
  const opening = Promise.resolve(whole.createClient(made));
  const toolNamed = (name: string): ProviderTool<unknown> => {
    const tool = whole.tools.find((one) => one.name === name);
    if (!tool) throw new Error(`${whole.provider} has no tool ${name}`);
    return tool;
  };
  const context = (change: ToolContextChange = {}): ToolContext => ({
    signal: AbortSignal.timeout(30_000),
    settings,
    ...change,
  });
  return {
    whoAmI: async () => whole.whoAmI(await opening, context()),
    run: async (name: string, args: object, change?: ToolContextChange) => {
      const tool = toolNamed(name);
      return tool.output.parse(await tool.run(await opening, tool.input.parse(args), context(change)));
    },
    before: async (name: string, args: object) => {
      const tool = toolNamed(name);
      return tool.before?.(await opening, tool.input.parse(args), context());
    },
    /** Sent a while ago, so that searches have caught up. */
    readBack: async (
      name: string,
      asked: { args: object; effectKey?: string; before?: Record<string, unknown>; sentAgoMs?: number },
    ): Promise<ReadBackVerdict<unknown> | undefined> => {
      const tool = toolNamed(name);
      const sentAt = new Date(Date.now() - (asked.sentAgoMs ?? 20_000));
      const { args, effectKey = 'effect-1', before } = asked;
      const question = { args: tool.input.parse(args), effectKey, sentAt, before, taken: new Set<string>() };
      return tool.readBack?.(await opening, question, context());
    },
    undo: async (
      name: string,
      done: {
        args: object;
        output: Record<string, unknown>;
        before?: Record<string, unknown>;
        accepted?: readonly UndoLoss[];
      },
    ) => {
      const tool = toolNamed(name);
      const args = tool.input.parse(done.args);
      const { accepted = [], before } = done;
      return tool.undo?.(await opening, { args, output: tool.output.parse(done.output), before, accepted }, context());
    },
    /** What others have done since, that the undo would lose. */
    lost: async (
      name: string,
      done: { args: object; output: Record<string, unknown> },
    ): Promise<UndoLoss[] | 'gone'> => {
      const tool = toolNamed(name);
      const [args, output] = [tool.input.parse(done.args), tool.output.parse(done.output)];
      return (
        (await tool.lostByUndo?.(await opening, { args, output, before: undefined, accepted: [] }, context())) ?? []
      );
    },
    resource: (name: string, output: Record<string, unknown>, args: Record<string, unknown>) =>
      toolNamed(name).resource?.(output, args),
  };
}
