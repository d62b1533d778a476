import { CATEGORIES, type CommandRow, categoriesOf } from '../command-row.ts';
import { hasKeys } from '../key-positions.ts';

/** Which arguments are channels: the first, all, or all and they are patterns. */
export type ChannelKind = 'one' | 'all' | 'patterns';

const CHANNEL_COMMANDS: ReadonlyMap<string, ChannelKind> = new Map([
  ['publish', 'one'],
  ['spublish', 'one'],
  ['subscribe', 'all'],
  ['ssubscribe', 'all'],
  ['psubscribe', 'patterns'],
]);

/** A command or subcommand as access rules see it: by its own name, whatever it was renamed to. */
export interface CatalogEntry {
  /** Index into `entries`, and into the allowed commands of a selector. */
  readonly id: number;
  readonly row: CommandRow;
  /** `config|get` for a subcommand. */
  readonly fullName: string;
  readonly isSubcommand: boolean;
  readonly children: readonly CatalogEntry[];
  /** One bit per category, by its place in CATEGORIES. */
  readonly categoryBits: number;
  readonly hasKeys: boolean;
  /** Null for a command that names no channels; leaving one is free to all. */
  readonly channels: ChannelKind | null;
}

/**
 * All commands, numbered: containers before their subcommands. It follows from the rows alone and
 * never changes: nodes of one process have it together.
 */
export class CommandCatalog {
  readonly entries: readonly CatalogEntry[];
  private readonly byName = new Map<string, CatalogEntry>();
  private readonly byRow = new Map<CommandRow, CatalogEntry>();

  static of(rows: readonly CommandRow[]): CommandCatalog {
    const catalog = catalogsByRows.get(rows) ?? new CommandCatalog(rows);
    catalogsByRows.set(rows, catalog);
    return catalog;
  }

  private constructor(rows: readonly CommandRow[]) {
    const entries: CatalogEntry[] = [];
    for (const row of rows) this.add(row, null, entries);
    this.entries = entries;
  }

  private add(row: CommandRow, parentName: string | null, entries: CatalogEntry[]): CatalogEntry {
    const children: CatalogEntry[] = [];
    const fullName = parentName === null ? row.name : `${parentName}|${row.name}`;
    const entry: CatalogEntry = {
      id: entries.length,
      row,
      fullName,
      isSubcommand: parentName !== null,
      children,
      categoryBits: bitsOf(row),
      hasKeys: hasKeys(row),
      channels: CHANNEL_COMMANDS.get(fullName) ?? null,
    };
    entries.push(entry);
    this.byName.set(entry.fullName, entry);
    this.byRow.set(row, entry);
    for (const child of row.subcommands ?? []) children.push(this.add(child, row.name, entries));
    return entry;
  }

  /** @param fullName  in any case: `get`, `config|get` */
  find(fullName: string): CatalogEntry | undefined {
    return this.byName.get(fullName.toLowerCase());
  }

  /** The entry of a row of this node's command table. */
  entryOf(row: CommandRow): CatalogEntry {
    return this.byRow.get(row) as CatalogEntry;
  }
}

const catalogsByRows = new WeakMap<readonly CommandRow[], CommandCatalog>();

/** The bit of a category, by its name in any case; 0 when there is no such category. */
export function categoryBit(name: string): number {
  const index = CATEGORIES.indexOf(name.toLowerCase());
  return index < 0 ? 0 : 1 << index;
}

function bitsOf(row: CommandRow): number {
  let bits = 0;
  for (const category of categoriesOf(row)) bits |= categoryBit(category);
  return bits;
}
