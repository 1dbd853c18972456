import type { Language } from '../../../../contracts/agents.ts';

/** What the demo says of the tools that it has called. */
export const TOOL_TEXTS = {
  en: {
    calling: (tool: string) => `I call \`${tool}\` with what your words say.`,
    searching: 'I look for a tool that does this.',
    done: (tool: string) => `\`${tool}\` has answered:`,
    refused: (tool: string) => `\`${tool}\` did not do it:`,
    open: 'Open it',
    note: 'The demo model only follows plain words such as “create a task”; what stands above is what the tool itself has said.',
  },
  ko: {
    calling: (tool: string) => `말씀하신 내용으로 \`${tool}\` 도구를 호출합니다.`,
    searching: '이 일을 할 수 있는 도구를 찾습니다.',
    done: (tool: string) => `\`${tool}\` 도구의 답:`,
    refused: (tool: string) => `\`${tool}\` 도구가 처리하지 못했습니다:`,
    open: '열기',
    note: '데모 모델은 “작업을 만들어줘”처럼 분명한 말만 따릅니다. 위 내용은 도구가 직접 답한 것입니다.',
  },
} as const satisfies Record<Language, unknown>;
