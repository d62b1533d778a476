/** The library `cjson` (Lua CJSON 2.1.0, as in redis-server 7.0). */
import { requireString } from '../lua/arguments.ts';
import type { LuaTable } from '../lua/lua-table.ts';
import { argumentError, type LuaHost, type LuaUserdata } from '../lua/lua-value.ts';
import { JsonReader } from './json-reader.ts';
import { addSettingFunctions, createJsonSettings } from './json-settings.ts';
import { JsonWriter } from './json-writer.ts';

/** @param nullValue  what `null` becomes: a table's nil would be no field at all */
export function createJsonLibrary(runtime: LuaHost, nullValue: LuaUserdata): LuaTable {
  const table = runtime.newTable();
  const settings = createJsonSettings();
  addSettingFunctions(runtime, table, settings);
  const encode = runtime.native('encode', (host, args) => {
    if (args.length !== 1) throw argumentError(0, 'expected 1 argument');
    return new JsonWriter(settings, nullValue, host.budget).write(args[0]);
  });
  const decode = runtime.native('decode', (host, args) => {
    if (args.length !== 1) throw argumentError(0, 'expected 1 argument');
    return new JsonReader(host, settings, nullValue).read(requireString(args, 0));
  });
  table.setString('encode', encode);
  table.setString('decode', decode);
  const create = runtime.native('new', (host) => createJsonLibrary(host, nullValue));
  table.setString('new', create);
  table.setString('null', nullValue);
  table.setString('_NAME', 'cjson');
  table.setString('_VERSION', '2.1.0');
  return table;
}
