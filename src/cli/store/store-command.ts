/** `hypercache store <list|info|create|drop>`: the stores of a running node, and of its cluster. */
import { NodeError } from '../../base/errors.ts';
import { STORE_SETTINGS } from '../../config/table/store-settings.ts';
import { askedUrl, NODE_FLAGS } from '../node/asked-node.ts';
import { requireFacts } from '../node/node-access.ts';
import { formatTable } from '../terminal/table.ts';
import { describeBytes, describeShare } from '../terminal/units.ts';
import { runTool, type ToolRun } from '../tool-arguments.ts';
import {
  type FlagRow,
  JSON_FLAG,
  type ToolGroup,
  type ToolRow,
  type WordsRow,
} from '../tool-row.ts';

const NAME: WordsRow = {
  usage: '<name>',
  help: 'of the store',
  countMax: 1,
};

/** As STORE CREATE takes them. */
const OPTIONS = STORE_SETTINGS.filter(({ key }) => key !== 'name').map((row) => ({
  ...row,
  flag: row.name.replaceAll('_', '-'),
}));

const OPTION_FLAGS: readonly FlagRow[] = OPTIONS.map(({ codec, flag, help }) => {
  const choices = codec.schema['enum'] as readonly string[] | undefined;
  const usage = `--${flag} <value>`;
  return choices === undefined ? { usage, help } : { usage, help, choices };
});

export const STORE_GROUP: ToolGroup = {
  name: 'store',
  description: 'list, make and drop the stores of a running node',
  tools: [
    storeTool(listStores, {
      name: 'list',
      description: 'tell of every store',
      words: null,
      flags: [],
    }),
    storeTool(showStore, {
      name: 'info',
      description: 'tell how a store is made and what it did',
      words: NAME,
      flags: [],
    }),
    storeTool(createStore, {
      name: 'create',
      description: 'make a store, whose configuration never changes',
      words: NAME,
      flags: OPTION_FLAGS,
    }),
    storeTool(dropStore, {
      name: 'drop',
      description: 'remove a store with all its keys',
      words: NAME,
      flags: [],
    }),
  ],
};

function storeTool(
  run: (tool: ToolRun) => Promise<number>,
  row: Pick<ToolRow, 'description' | 'flags' | 'name' | 'words'>,
): ToolRow {
  return {
    ...row,
    flags: [...row.flags, ...NODE_FLAGS, JSON_FLAG],
    takesSettings: true,
    run: (args, world) => runTool(args, world, run),
  };
}

/** As GET /api/stores tells it. */
interface StoreFacts {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly stats: Readonly<Record<string, number>>;
}

async function listStores(tool: ToolRun): Promise<number> {
  const facts = await requireFacts(tool, { url: `${askedUrl(tool)}/api/stores` });
  const stores = facts['stores'] as readonly StoreFacts[];
  const columns = [
    { title: 'store' },
    ...['keys', 'memory', 'limit', 'hits', 'evicted', 'expired'].map((title) => ({
      title,
      isNumber: true,
    })),
    { title: 'eviction' },
    { title: 'ttl' },
    { title: 'kept' },
  ];
  const rows = stores.map(({ config, name, stats }) => [
    name,
    String(stats['items']),
    describeBytes(stats['memory']),
    stats['memory_limit'] === 0 ? '-' : describeBytes(stats['memory_limit']),
    stats['hits'] + stats['misses'] === 0 ? '-' : describeShare(stats['hit_rate']),
    String(stats['evictions']),
    String(stats['expired']),
    ...['eviction_policy', 'default_ttl', 'persistence'].map((option) => wordOf(config[option])),
  ]);
  tool.tell({ facts, text: formatTable(columns, rows, tool.paint) });
  return 0;
}

async function showStore(tool: ToolRun): Promise<number> {
  const facts = await requireFacts(tool, { url: urlOf(tool) });
  const { config, name, stats } = facts as unknown as StoreFacts;
  const rows = [...Object.entries(config), ...Object.entries(stats)].map(([key, value]) => [
    key,
    wordOf(value),
  ]);
  tool.tell({ facts, text: formatTable([{ title: 'store' }, { title: name }], rows, tool.paint) });
  return 0;
}

async function createStore(tool: ToolRun): Promise<number> {
  const name = requireName(tool);
  const options = OPTIONS.filter(({ flag }) => tool.flags.has(flag)).map(
    ({ flag, name: option }) => [option, tool.flags.get(flag)] as const,
  );
  const facts = await requireFacts(tool, {
    url: `${askedUrl(tool)}/api/stores`,
    method: 'POST',
    body: { name, ...Object.fromEntries(options) },
  });
  tool.tell({ facts, text: `${name} is made\n` });
  return 0;
}

async function dropStore(tool: ToolRun): Promise<number> {
  const facts = await requireFacts(tool, { url: urlOf(tool), method: 'DELETE' });
  tool.tell({ facts, text: `${requireName(tool)} is dropped\n` });
  return 0;
}

function urlOf(tool: ToolRun): string {
  return `${askedUrl(tool)}/api/stores/${encodeURIComponent(requireName(tool))}`;
}

function requireName({ words }: ToolRun): string {
  const [name] = words;
  if (name === undefined) throw new NodeError('BAD_CONFIGURATION', 'Which store? Name it');
  return name;
}

/** Null is what the node's own settings say. */
function wordOf(value: unknown): string {
  if (value === null || value === undefined) return 'as the node';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
