/** What scripts may set of cjson, each by a function that also tells the setting. */
import { requireInteger, requireString } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import {
  argumentError,
  type LuaError,
  type LuaHost,
  type LuaNative,
  type LuaResult,
  type LuaValue,
} from '../lua/lua-value.ts';

export interface JsonSettings {
  sparseConvert: boolean;
  /** 0: any array may be sparse. */
  sparseRatio: number;
  sparseSafe: number;
  encodeDepthMax: number;
  decodeDepthMax: number;
  encodeInvalidNumbers: 'off' | 'on' | 'null';
  decodeInvalidNumbers: boolean;
  /** Tells what was set and means nothing here. */
  encodeKeepBuffer: boolean;
  numberPrecision: number;
}

export function createJsonSettings(): JsonSettings {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeDepthMax: 1000,
    decodeDepthMax: 1000,
    encodeInvalidNumbers: 'off',
    decodeInvalidNumbers: true,
    encodeKeepBuffer: true,
    numberPrecision: 14,
  };
}

/** Puts the functions that read and change `settings` into the table. */
export function addSettingFunctions(
  runtime: LuaHost,
  table: LuaTable,
  settings: JsonSettings,
): void {
  const add = (name: string, argumentCountMax: number, native: LuaNative): void => {
    const checked: LuaNative = (host, args) => {
      if (args.length > argumentCountMax) {
        throw argumentError(argumentCountMax, 'found too many arguments');
      }
      return native(host, args);
    };
    table.setString(name, runtime.native(name, checked));
  };
  add('encode_sparse_array', 3, (_host, args) => sparseArray(settings, args));
  add('encode_max_depth', 1, (_host, args) => {
    settings.encodeDepthMax = integerOption(args, 0, settings.encodeDepthMax, DEPTHS);
    return settings.encodeDepthMax;
  });
  add('decode_max_depth', 1, (_host, args) => {
    settings.decodeDepthMax = integerOption(args, 0, settings.decodeDepthMax, DEPTHS);
    return settings.decodeDepthMax;
  });
  add('encode_number_precision', 1, (_host, args) => {
    settings.numberPrecision = integerOption(args, 0, settings.numberPrecision, PRECISIONS);
    return settings.numberPrecision;
  });
  add('encode_keep_buffer', 1, (_host, args) => {
    settings.encodeKeepBuffer = switchOption(args, 0, settings.encodeKeepBuffer);
    return settings.encodeKeepBuffer;
  });
  add('encode_invalid_numbers', 1, (_host, args) => invalidNumbers(settings, args));
  add('decode_invalid_numbers', 1, (_host, args) => {
    settings.decodeInvalidNumbers = switchOption(args, 0, settings.decodeInvalidNumbers);
    return settings.decodeInvalidNumbers;
  });
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const INT_MAX = 2 ** 31 - 1;
const DEPTHS: Range = { min: 1, max: INT_MAX };
const RATIOS: Range = { min: 0, max: INT_MAX };
const PRECISIONS: Range = { min: 1, max: 14 };

function sparseArray(settings: JsonSettings, args: readonly LuaValue[]): LuaResult {
  settings.sparseConvert = switchOption(args, 0, settings.sparseConvert);
  settings.sparseRatio = integerOption(args, 1, settings.sparseRatio, RATIOS);
  settings.sparseSafe = integerOption(args, 2, settings.sparseSafe, RATIOS);
  return [settings.sparseConvert, settings.sparseRatio, settings.sparseSafe];
}

function invalidNumbers(settings: JsonSettings, args: readonly LuaValue[]): LuaResult {
  const value = args[0];
  if (typeof value === 'boolean') settings.encodeInvalidNumbers = value ? 'on' : 'off';
  else if (value !== undefined) {
    const word = requireString(args, 0);
    if (word !== 'off' && word !== 'on' && word !== 'null') throw wrongOption(0, word);
    settings.encodeInvalidNumbers = word;
  }
  const setting = settings.encodeInvalidNumbers;
  return setting === 'null' ? setting : setting === 'on';
}

function switchOption(args: readonly LuaValue[], index: number, current: boolean): boolean {
  const value = args[index];
  if (value === undefined) return current;
  if (typeof value === 'boolean') return value;
  const word = requireString(args, index);
  if (word !== 'on' && word !== 'off') throw wrongOption(index, word);
  return word === 'on';
}

/** As cjson does, a value out of range is said to be argument 1 wherever it stands. */
function integerOption(
  args: readonly LuaValue[],
  index: number,
  current: number,
  { min, max }: Range,
): number {
  if (args[index] === undefined) return current;
  const value = requireInteger(args, index) | 0;
  if (value < min || value > max) {
    throw argumentError(0, `expected integer between ${min} and ${max}`);
  }
  return value;
}

function wrongOption(index: number, word: string): LuaError {
  return argumentError(index, `invalid option '${word}'`);
}
