/**
 * What a script returns, as a reply. A table is looked through for `err`, `ok`, `double`, `map`,
 * `set`, `big_number`, `verbatim_string`, in that order; else it is a list up to its first nil.
 */
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { LuaTable } from './lua/lua-table.ts';
import type { LuaValue } from './lua/lua-value.ts';

/** Lua's stack, of which each level of tables takes some places. */
const DEPTH_MAX = 1_330;

/** @param scriptProtocol  what the script chose by setresp: booleans are told apart from 3 on */
export function writeLuaReply(reply: ReplyWriter, value: LuaValue, scriptProtocol: 2 | 3): void {
  writeValue(reply, value, scriptProtocol, 0);
}

function writeValue(reply: ReplyWriter, value: LuaValue, protocol: 2 | 3, depth: number): void {
  switch (typeof value) {
    case 'string':
      reply.bulkLatin1(value);
      return;
    case 'number':
      writeInteger(reply, value);
      return;
    case 'boolean':
      if (protocol === 3) reply.boolean(value);
      else if (value) reply.integer(1);
      else reply.null();
      return;
    default:
      if (!(value instanceof LuaTable)) reply.null();
      else if (depth > DEPTH_MAX) reply.errorText('ERR reached lua stack limit');
      else writeTable(reply, value, protocol, depth + 1);
  }
}

function writeTable(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): void {
  // A list, the usual case, has no names.
  if (!table.hasFields || !writeNamed(reply, table, protocol, depth)) {
    writeList(reply, table, protocol, depth);
  }
}

/** @returns false when none of the names is there with a value of the right type */
function writeNamed(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): boolean {
  const error = table.getString('err');
  const ok = table.getString('ok');
  const double = table.getString('double');
  const map = table.getString('map');
  const set = table.getString('set');
  const bigNumber = table.getString('big_number');
  const verbatim = table.getString('verbatim_string');
  if (typeof error === 'string') writeError(reply, error, table);
  else if (typeof ok === 'string') reply.simple(withoutLineBreaks(ok));
  else if (typeof double === 'number') writeDouble(reply, double);
  else if (map instanceof LuaTable) writeMap(reply, map, protocol, depth);
  else if (set instanceof LuaTable) writeSet(reply, set, protocol, depth);
  else if (typeof bigNumber === 'string') reply.bigNumber(withoutLineBreaks(bigNumber));
  else return verbatim instanceof LuaTable && writeVerbatim(reply, verbatim);
  return true;
}

/** An error that a command replied was counted then. */
function writeError(reply: ReplyWriter, text: string, table: LuaTable): void {
  reply.errorLatin1(text);
  if (table.getString('ignore_error_stats_update') === true) reply.retoldErrorCount++;
  else reply.madeErrors.push(text);
}

function writeMap(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): void {
  const mark = reply.openAggregate();
  let count = 0;
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    writeValue(reply, table.keyAt(at), protocol, depth);
    writeValue(reply, table.valueAt(at), protocol, depth);
    count++;
  }
  reply.closeMap(mark, count);
}

function writeSet(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): void {
  const mark = reply.openAggregate();
  let count = 0;
  for (let at = table.nextPosition(0); at !== 0; at = table.nextPosition(at)) {
    writeValue(reply, table.keyAt(at), protocol, depth);
    count++;
  }
  reply.closeSet(mark, count);
}

function writeList(reply: ReplyWriter, table: LuaTable, protocol: 2 | 3, depth: number): void {
  let count = 0;
  while (table.getNumber(count + 1) !== undefined) count++;
  reply.array(count);
  for (let i = 1; i <= count; i++) writeValue(reply, table.getNumber(i), protocol, depth);
}

function writeVerbatim(reply: ReplyWriter, table: LuaTable): boolean {
  const text = table.getString('string');
  const format = table.getString('format');
  if (typeof text !== 'string' || typeof format !== 'string') return false;
  if (reply.protocol === 2) reply.bulkLatin1(text);
  else {
    const head = format.slice(0, 3).padEnd(3);
    const line = `=${text.length + 4}\r\n${head}:${text}\r\n`;
    reply.copy(Buffer.from(line, 'latin1'), 0, line.length);
  }
  return true;
}

function writeDouble(reply: ReplyWriter, value: number): void {
  if (!Number.isNaN(value)) reply.double(value);
  else if (reply.protocol === 2) reply.bulkLatin1('-nan');
  else reply.copy(NAN_LINE, 0, NAN_LINE.length);
}

/** JavaScript does not keep the sign of a NaN; what arithmetic makes on x86-64 has it. */
const NAN_LINE = Buffer.from(',-nan\r\n', 'latin1');

/** The cast of C. */
function writeInteger(reply: ReplyWriter, value: number): void {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) reply.integer(whole + 0);
  else if (value >= -(2 ** 63) && value < 2 ** 63) reply.integer64(BigInt(whole));
  else reply.integer64(-(2n ** 63n));
}

function withoutLineBreaks(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, ' ') : text;
}
