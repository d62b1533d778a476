/** `hypercache completion <shell>`: what makes a shell complete commands, flags and settings. */
import type { Command } from 'commander';
import { FAILED } from '../tool-arguments.ts';
import type { ToolRow } from '../tool-row.ts';
import { bashScript } from './bash-script.ts';
import { type CompletionNode, completionTree } from './completion-tree.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

const SCRIPTS: Readonly<Record<string, (root: CompletionNode) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param describe  the tree of all commands, this one included */
export function completionTool(describe: () => Command): ToolRow {
  return {
    name: 'completion',
    description: 'print what makes a shell complete commands, flags and settings',
    words: {
      usage: '<shell>',
      help: 'eval "$(hypercache completion bash)"; fish: hypercache completion fish | source',
      countMax: 1,
      choices: Object.keys(SCRIPTS),
    },
    flags: [],
    takesSettings: false,
    run: async ({ words }, { host }) => {
      const write = SCRIPTS[words[0]];
      if (write === undefined) return FAILED;
      host.writeOut(write(completionTree(describe())));
      return 0;
    },
  };
}
