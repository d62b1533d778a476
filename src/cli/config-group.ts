import type { World } from '../base/world.ts';
import { runConfigSchema } from './config-schema.ts';
import { runConfigShow } from './config-show.ts';
import { runConfigValidate } from './config-validate.ts';
import type { ToolGroup, ToolRow } from './tool-row.ts';

export const CONFIG_GROUP: ToolGroup = {
  name: 'config',
  description: 'check, show and describe settings',
  tools: [
    configTool(
      'validate',
      'check a file, the environment and flags; tell every problem',
      runConfigValidate,
    ),
    configTool(
      'show',
      'print the settings a node would start with, and where each comes from',
      runConfigShow,
    ),
    {
      name: 'schema',
      description: 'print the JSON schema of a YAML file',
      words: null,
      flags: [],
      takesSettings: false,
      run: async (_args, world) => runConfigSchema(world),
    },
  ],
};

function configTool(
  name: string,
  description: string,
  run: (args: readonly string[], world: World) => Promise<number>,
): ToolRow {
  return {
    name,
    description,
    words: { usage: '[file]', help: 'configuration, as for start', countMax: 1 },
    flags: [],
    takesSettings: true,
    run: ({ rest, words }, world) => run([...words, ...rest], world),
  };
}
