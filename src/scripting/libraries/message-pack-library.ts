/** The library `cmsgpack` (lua-cmsgpack 0.4.0, as in redis-server 7.0). */
import { optionalInteger, requireInteger, requireString } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import { LuaError, type LuaHost, type LuaNative, type LuaValue } from '../lua/lua-value.ts';
import { MessagePackReader } from './message-pack-reader.ts';
import { packValue } from './message-pack-writer.ts';

export function createMessagePackLibrary(runtime: LuaHost): LuaTable {
  const table = runtime.newTable();
  table.setString('pack', runtime.native('pack', pack));
  table.setString('unpack', runtime.native('unpack', unpackAll));
  table.setString('unpack_one', runtime.native('unpack_one', unpackOne));
  table.setString('unpack_limit', runtime.native('unpack_limit', unpackSome));
  table.setString('_NAME', 'cmsgpack');
  table.setString('_VERSION', 'lua-cmsgpack 0.4.0');
  table.setString('_COPYRIGHT', 'Copyright (C) 2012, Salvatore Sanfilippo');
  table.setString('_DESCRIPTION', 'MessagePack C implementation for Lua');
  return table;
}

const pack: LuaNative = (runtime, args) => {
  if (args.length === 0) {
    throw new LuaError("bad argument #0 to 'pack' (MessagePack pack needs input.)");
  }
  let text = '';
  for (const value of args) text += packValue(value, runtime.budget);
  return text;
};

const unpackAll: LuaNative = (runtime, args) => {
  const reader = new MessagePackReader(runtime, requireString(args, 0), 0);
  const values: LuaValue[] = [];
  while (!reader.isAtEnd) readInto(values, reader);
  return values;
};

const unpackOne: LuaNative = (runtime, args) => {
  const offset = optionalInteger(args, 1, 0);
  return unpackFrom(runtime, args, { offset: offset | 0, countMax: 1 });
};

const unpackSome: LuaNative = (runtime, args) => {
  const countMax = requireInteger(args, 1) | 0;
  const offset = optionalInteger(args, 2, 0) | 0;
  return unpackFrom(runtime, args, { offset, countMax });
};

/** The values, and before them where to go on, -1 when nothing is left. */
function unpackFrom(
  runtime: LuaHost,
  args: readonly LuaValue[],
  { offset, countMax }: { offset: number; countMax: number },
): readonly LuaValue[] {
  const text = requireString(args, 0);
  if (offset < 0 || countMax < 0) {
    throw new LuaError(
      `Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`,
    );
  }
  if (offset > text.length) {
    throw new LuaError(`Start offset ${offset} greater than input length ${text.length}.`);
  }
  const reader = new MessagePackReader(runtime, text, offset);
  const values: LuaValue[] = [];
  // Neither limit nor offset means all, as for `unpack`.
  if (countMax === 0 && offset === 0) {
    while (!reader.isAtEnd) readInto(values, reader);
    return values;
  }
  while (!reader.isAtEnd && values.length < countMax) readInto(values, reader);
  return [reader.isAtEnd ? -1 : reader.position, ...values];
}

function readInto(values: LuaValue[], reader: MessagePackReader): void {
  if (values.length >= RESULT_COUNT_MAX) {
    throw new LuaError(
      'stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)',
    );
  }
  values.push(reader.read());
}

/** What Lua's stack holds beside the arguments. */
const RESULT_COUNT_MAX = 7_900;
