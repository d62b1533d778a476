import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, makeLibraryCall, type Plain } from '../../testing/library-calls.ts';
import { createLuaHost, luaErrorText } from '../../testing/lua-host.ts';
import { startRealRedis } from '../../testing/real-redis.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';
import { LuaTable } from '../lua/lua-table.ts';
import {
  type LuaFunction,
  type LuaHost,
  LuaUserdata,
  type LuaValue,
  typeName,
} from '../lua/lua-value.ts';
import { createBitLibrary } from './bit-library.ts';
import { createJsonLibrary } from './json-library.ts';
import { createMessagePackLibrary } from './message-pack-library.ts';
import { createStringLibrary } from './string-library.ts';
import { createStructLibrary } from './struct-library.ts';

const CALL_COUNT = rounds(6_000);

/** Answers with results as text, exact for every byte and bit, tables in the order of keys. */
const SERIALISER = `
local function ser(v)
  local t = type(v)
  if t == 'number' then
    if v ~= v then return 'nan' end
    return 'n' .. string.format('%.17g', v)
  end
  if t == 'string' then
    return 's' .. v:gsub('.', function(c) return string.format('%02x', c:byte()) end)
  end
  if t ~= 'table' then return t == 'boolean' and tostring(v) or t end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = ser(k) .. '=' .. ser(x) end
  table.sort(parts)
  return '{' .. table.concat(parts, ',') .. '}'
end
local r = {pcall(function() return CALL end)}
local n = select('#', unpack(r, 1, 250))
while n > 0 and r[n] == nil do n = n - 1 end
if not r[1] then return 'error ' .. tostring(r[2].err or r[2]) end
local out = {}
for i = 2, n do out[#out + 1] = ser(r[i]) end
return table.concat(out, ' ')
`.replaceAll('\n', ' ');

test('library calls give what redis-server gives', async (t) => {
  const redis = await startRealRedis();
  if (redis === null) return t.skip('redis-server is not installed');
  const seed = seedOfRun();
  const draw = seededDraws(seed);
  const ours = new Libraries();
  const failures: string[] = [];
  let textCount = 0;
  try {
    for (let i = 0; i < CALL_COUNT && failures.length < 20; i++) {
      const call = makeLibraryCall(draw);
      const source = `${call.library}.${call.name}(${call.args.map(literal).join(', ')})`;
      const theirs = String(
        await redis.call(
          'EVAL',
          SERIALISER.replace('CALL', () => source),
          '0',
        ),
      );
      const expected = theirs.replace(/^error user_script:1: /, 'error ');
      const actual = ours.call(call);
      if (!actual.startsWith('error')) textCount++;
      if (actual !== expected) failures.push(`${source}\n  ours   ${actual}\n  theirs ${expected}`);
    }
  } finally {
    await redis.stop();
  }
  assert.deepEqual(failures, [], `TEST_SEED=${seed}\n${failures.join('\n')}`);
  assert.ok(textCount > CALL_COUNT / 3, 'most calls should succeed');
});

class Libraries {
  private readonly host: LuaHost = createLuaHost();
  private readonly nullValue = new LuaUserdata('(nil)');
  private readonly tables: Readonly<Record<string, LuaTable>> = {
    string: createStringLibrary(this.host),
    cjson: createJsonLibrary(this.host, this.nullValue),
    cmsgpack: createMessagePackLibrary(this.host),
    struct: createStructLibrary(this.host),
    bit: createBitLibrary(this.host),
  };

  call({ library, name, args }: Call): string {
    const f = this.tables[library].getString(name) as LuaFunction;
    const values = args.map((arg) => this.valueOf(arg));
    try {
      const results = [...this.host.call(f, values)];
      while (results.length > 0 && results[results.length - 1] === undefined) results.pop();
      return results.map(serialise).join(' ');
    } catch (error) {
      return `error ${luaErrorText(error, name)}`;
    }
  }

  private valueOf(plain: Plain): LuaValue {
    if (plain === null) return undefined;
    if (typeof plain !== 'object') return plain;
    if (Array.isArray(plain)) return this.host.newList(plain.map((item) => this.valueOf(item)));
    const table = this.host.newTable();
    for (const [key, value] of Object.entries(plain)) table.setString(key, this.valueOf(value));
    return table;
  }
}

function serialise(value: LuaValue): string {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan';
    return `n${seventeenDigits(value)}`;
  }
  if (typeof value === 'string') return `s${Buffer.from(value, 'latin1').toString('hex')}`;
  if (typeof value === 'boolean') return String(value);
  if (!(value instanceof LuaTable)) return typeName(value);
  const parts: string[] = [];
  for (let at = value.nextPosition(0); at !== 0; at = value.nextPosition(at)) {
    parts.push(`${serialise(value.keyAt(at))}=${serialise(value.valueAt(at))}`);
  }
  return `{${parts.sort().join(',')}}`;
}

function seventeenDigits(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa, exponentText] = value.toExponential(16).split('e');
  const digits = mantissa.replace(/\.?0+$/, '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 17) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const plain = Math.abs(value) >= 1e21 ? String(BigInt(value)) : value.toFixed(16 - exponent);
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
}

function literal(plain: Plain): string {
  if (plain === null) return 'nil';
  if (typeof plain === 'boolean') return String(plain);
  if (typeof plain === 'number') {
    if (Number.isNaN(plain)) return '(0/0)';
    if (!Number.isFinite(plain)) return plain > 0 ? '(1/0)' : '(-1/0)';
    return Object.is(plain, -0) ? 'tonumber("-0")' : `(${plain})`;
  }
  if (typeof plain === 'string') {
    const bytes = [...plain].map((char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`);
    return `"${bytes.join('')}"`;
  }
  if (Array.isArray(plain)) return `{${plain.map(literal).join(', ')}}`;
  const fields = Object.entries(plain).map(
    ([key, value]) => `[${literal(key)}] = ${literal(value)}`,
  );
  return `{${fields.join(', ')}}`;
}
