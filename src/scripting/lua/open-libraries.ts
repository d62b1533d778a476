import { createBitLibrary } from '../libraries/bit-library.ts';
import { createJsonLibrary } from '../libraries/json-library.ts';
import { createMessagePackLibrary } from '../libraries/message-pack-library.ts';
import { createStringLibrary } from '../libraries/string-library.ts';
import { createStructLibrary } from '../libraries/struct-library.ts';
import { LuaRuntime, type LuaRuntimeOptions } from './lua-runtime.ts';

/**
 * A runtime with every library that redis-server gives to scripts but `redis` itself. After adding
 * that, call `protect`.
 */
export function createLuaRuntime(options: LuaRuntimeOptions): LuaRuntime {
  const runtime = new LuaRuntime(options);
  const { globals, machine } = runtime;
  const string = createStringLibrary(machine);
  machine.stringMetatable.setString('__index', string);
  globals.setString('string', string);
  globals.setString('bit', createBitLibrary(machine));
  globals.setString('cjson', createJsonLibrary(machine, machine.nullValue));
  globals.setString('cmsgpack', createMessagePackLibrary(machine));
  globals.setString('struct', createStructLibrary(machine));
  return runtime;
}
