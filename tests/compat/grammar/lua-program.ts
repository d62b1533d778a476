/**
 * Makes Lua programs: statements over a few locals, then a `return` of what became of them. Loops
 * are bounded, numbers are shown with ten digits (two libraries of mathematics may differ in the
 * sixteenth), and nothing depends on the order of a table's keys.
 */
import type { Generator } from '../generator.ts';

const HEAD =
  'local function show(v) if type(v) == "number" then if v ~= v then return "nan" end ' +
  'return string.format("%.10g", v) end if type(v) == "table" or type(v) == "function" then ' +
  'return type(v) end return tostring(v) end ';

const NUMBERS = ['a', 'b', 'c'] as const;
const STRINGS = ['s', 't'] as const;
const LISTS = ['l', 'm'] as const;
const BIT_FUNCTIONS = ['band', 'bor', 'bxor', 'lshift', 'rshift', 'arshift', 'rol'] as const;
const FORMATS = ['%d', '%5.2f', '%s|%s', '%q', '%x', '%-5d|', '%05d', '%g', '%c'] as const;
const TEXT_ORDER = 'function(x, y) return tostring(x) < tostring(y) end';
const FAILURES = [
  'error("stop")',
  'error({err = "MY error"})',
  'error("bare", 0)',
  'assert(false, "no")',
  'x = 1',
  'local y = nosuch',
  'a.b.c = 1',
  's()',
  'l.x.y = 1',
  'string.rep()',
  'setmetatable(1, {})',
  'ipairs()',
  'goto_ = 1',
] as const;

export function luaProgram(g: Generator): string {
  const parts = [
    HEAD,
    `local a, b, c = ${g.between(-20, 20)}, ${number(g)}, ${g.below(10)} `,
    `local s, t = ${text(g)}, ${text(g)} `,
    `local l, m = {${items(g)}}, {${items(g)}} `,
  ];
  for (let i = g.between(1, 6); i > 0; i--) parts.push(statement(g, 0), g.chance(0.1) ? '\n' : ' ');
  parts.push('return {show(a), show(b), show(c), show(s), show(t), #l, show(l[1]), show(m[#m])}');
  return parts.join('');
}

/** Not 0: whether a constant -0 keeps its sign depends on the constants before it. */
function number(g: Generator): string {
  return g.pick(['4', '1', '-1', '2.5', '0.1', '1e10', '-7', '100', '3', '255', '1e300', '0x1F']);
}

function text(g: Generator): string {
  return g.pick(['""', '"abc"', '"10"', '" 5 "', '"a,b,c"', '"hello world"', '"x1y22"', '"%d"']);
}

function items(g: Generator): string {
  return Array.from({ length: g.below(5) }, () => (g.chance(0.8) ? number(g) : text(g))).join(', ');
}

/** An expression that is a number unless something goes wrong. */
function numeric(g: Generator, depth = 0): string {
  const inner = () => numeric(g, depth + 1);
  switch (depth > 2 ? g.below(3) : g.below(14)) {
    case 0:
      return number(g);
    case 1:
    case 2:
      return g.pick(NUMBERS);
    case 3:
    case 4:
      return `(${inner()} ${g.pick(['+', '-', '*', '/', '%', '^'])} ${inner()})`;
    case 5:
      return `-${inner()}`;
    case 6:
      return `math.${g.pick(['floor', 'ceil', 'abs', 'sqrt', 'max', 'min'])}(${inner()})`;
    case 7:
      return `#${g.pick([...STRINGS, ...LISTS])}`;
    case 8:
      return `${g.pick(LISTS)}[${g.between(0, 4)}]`;
    case 9:
      return `(tonumber(${g.pick(STRINGS)}) or ${number(g)})`;
    case 10:
      return `bit.${g.pick(BIT_FUNCTIONS)}(${inner()}, ${inner()})`;
    case 11:
      // Through a call: Lua names an operand of `and` by what its registers happen to hold.
      return `(select(1, (${condition(g)} and ${inner()} or ${inner()})))`;
    case 12:
      // Types that do not fit: the error names the variable.
      return `(${g.pick([...STRINGS, ...LISTS])} + 1)`;
    default:
      return `(select(${g.pick(['"#"', '1', '2', '-1'])}, ${inner()}, ${inner()}))`;
  }
}

const PATTERNS = [
  '%a+',
  '%d',
  '(%w)(%w)',
  '^h',
  'o$',
  '.-,',
  '%s*',
  '[a-c]+',
  '()b',
  '%f[%w]%w+',
  ',',
];

function string(g: Generator, depth = 0): string {
  const inner = () => string(g, depth + 1);
  switch (depth > 2 ? g.below(2) : g.below(15)) {
    case 0:
      return text(g);
    case 1:
    case 2:
      return g.pick(STRINGS);
    case 3:
      return `(${inner()} .. ${inner()})`;
    case 4:
      return `(${inner()} .. ${numeric(g, 2)})`;
    case 5:
      return `${inner()}:${g.pick(['upper', 'lower', 'reverse'])}()`;
    case 6:
      return `string.sub(${inner()}, ${g.between(-4, 6)}, ${g.between(-4, 6)})`;
    case 7:
      return `string.rep(${inner()}, ${g.between(-1, 3)})`;
    case 8:
      return (
        `(string.gsub(${inner()}, "${g.pick(PATTERNS)}", ` +
        `${g.pick(['"<%0>"', '""', 'string.upper', '{b="X"}'])}))`
      );
    case 9:
      return `tostring(string.${g.pick(['find', 'match'])}(${inner()}, "${g.pick(PATTERNS)}"))`;
    case 10:
      return `string.format("${g.pick(FORMATS)}", ${numeric(g, 2)}, ${inner()})`;
    case 11:
      return `table.concat(${g.pick(LISTS)}, ${g.pick(['","', '""', '", ", 1, 2', '"-", 2'])})`;
    case 12:
      return `type(${g.pick([...NUMBERS, ...STRINGS, ...LISTS, 'nil', 'print', 'show'])})`;
    case 13:
      return coded(g);
    default:
      return `(${g.pick([...LISTS, 'nil', 'show'])} .. ${inner()})`;
  }
}

/** Through a library and back, or as what it makes. */
function coded(g: Generator): string {
  const value = g.pick([
    ...NUMBERS,
    ...STRINGS,
    ...LISTS,
    '{x=a}',
    '{l, ' + 'm}',
    'true',
    'cjson.null',
  ]);
  switch (g.below(7)) {
    case 0:
      return `cjson.encode(${value})`;
    case 1:
      return `show(cjson.decode(${g.pick(STRINGS)}))`;
    case 2:
      return `cjson.encode(cjson.decode(cjson.encode(${value})))`;
    case 3:
      return `cmsgpack.pack(${value})`;
    case 4:
      return `cjson.encode(cmsgpack.unpack(cmsgpack.pack(${value})))`;
    case 5:
      return (
        `struct.pack("${g.pick(['>I2', '<i4', 'bB', 'd', '>f', 's', '!4bi4'])}", ` +
        `${numeric(g, 2)}, ${g.pick(['a', 's'])})`
      );
    default:
      return (
        `tostring(struct.unpack("${g.pick(['>I2', '<i4', 'b', 's', 'c3', '>l'])}", ` +
        `${g.pick(STRINGS)}))`
      );
  }
}

function condition(g: Generator): string {
  const operator = g.pick(['<', '<=', '>', '>=', '==', '~=']);
  switch (g.below(5)) {
    case 0:
      return `${numeric(g, 2)} ${operator} ${numeric(g, 2)}`;
    case 1:
      return `${string(g, 2)} ${operator} ${string(g, 2)}`;
    case 2:
      return `not (${numeric(g, 2)} ${g.pick(['==', '~='])} ${string(g, 2)})`;
    case 3:
      return `${g.pick(LISTS)}[${g.between(0, 3)}]`;
    default:
      return `${g.pick([...NUMBERS])} ${operator} ${g.chance(0.2) ? 's' : number(g)}`;
  }
}

function statement(g: Generator, depth: number): string {
  const body = () => statement(g, depth + 1);
  switch (depth > 2 ? g.below(6) : g.below(18)) {
    case 0:
    case 1:
      return `${g.pick(NUMBERS)} = ${numeric(g)}`;
    case 2:
    case 3:
      // Cut, or a loop could double it for ever.
      return `${g.pick(STRINGS)} = string.sub(${string(g)}, 1, 300)`;
    case 4:
      return listStatement(g);
    case 5:
      return `${g.pick(NUMBERS)}, ${g.pick(NUMBERS)} = ${numeric(g, 1)}, ${numeric(g, 1)}`;
    case 6:
      return `if ${condition(g)} then ${body()} else ${body()} end`;
    case 7:
      return (
        `for i = ${g.between(1, 3)}, ${g.between(0, 6)}${g.pick(['', ', 2', ', -1'])} ` +
        `do ${body()} end`
      );
    case 8:
      return (
        `for i, v in ipairs(${g.pick(LISTS)}) do c = c + i; if i > 3 then break end ` +
        `${body()} end`
      );
    case 9:
      return `do local n = 0 while n < ${g.below(5)} do n = n + 1 ${body()} end end`;
    case 10:
      return (
        `do local n = 0 repeat n = n + 1 do ${body()} end until n >= ${g.below(4)} or ` +
        `${condition(g)} end`
      );
    case 11:
      return (
        `do local function f(x, ...) local y = select("#", ...) ${body()} return x, y ` +
        `end a, c = f(${numeric(g, 1)}, ${numeric(g, 2)}) end`
      );
    case 12:
      return protectedStatement(g, body());
    case 13:
      return (
        `do local co = coroutine.wrap(function(x) for i = 1, 3 do x = ` +
        `coroutine.yield(x .. i) end return "end" end) s = co(${string(g, 2)}) t = co("q") end`
      );
    case 14:
      return commandStatement(g);
    case 15:
      return (
        `do local o = setmetatable({}, {__index = function(_, k) return k .. "!" end, ` +
        `__add = function(x, y) return ${number(g)} end, __call = function(_, x) return x ` +
        `end}) s = o.${g.pick(['x', 'yy'])} a = o + 1 b = o(${numeric(g, 2)}) end`
      );
    case 16:
      return (
        `do local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n ` +
        `- 2) end a = fib(${g.below(12)}) end`
      );
    default:
      return g.pick(FAILURES);
  }
}

function listStatement(g: Generator): string {
  const list = g.pick(LISTS);
  switch (g.below(7)) {
    case 0:
      return `table.insert(${list}, ${numeric(g, 1)})`;
    case 1:
      // Only where no gap can come to be: the length of a list with gaps is anybody's guess.
      return `table.insert(${list}, 1, string.sub(${string(g, 2)}, 1, 50))`;
    case 2:
      return `b = table.remove(${list}${g.pick(['', ', 1', ', 2'])}) or 0`;
    case 3:
      return `table.sort(${list}${g.pick(['', `, ${TEXT_ORDER}`])})`;
    case 4:
      return `${list}[#${list} + 1] = string.sub(${string(g, 2)}, 1, 50)`;
    case 5:
      return `${list} = {${items(g)}}`;
    default:
      return `a, b = unpack(${list})`;
  }
}

function protectedStatement(g: Generator, body: string): string {
  return g.pick([
    `do local ok, e = pcall(function() ${body} error("inside") end) s = show(ok) .. show(e) end`,
    `do local ok, e = pcall(function() ${body} end) s = show(ok) .. show(e) end`,
    `do local ok, e = pcall(error, {err = "E x"}) s = show(ok) .. show(e) end`,
    `do local ok, e = xpcall(function() ${body} error("in x") end, function(m) return "h:" ` +
      `.. show(m) end) s = show(e) end`,
    `do local e = redis.pcall("incr", KEYS[1] or "n1") s = show(type(e) == "table" and ` +
      `e.err or e) end`,
  ]);
}

/** Only on keys of strings. */
function commandStatement(g: Generator): string {
  const key = g.pick(['"n1"', '"n2"', '"s1"', '"k1"', '(KEYS[1] or "s2")', '(ARGV[1] or "s3")']);
  return g.pick([
    `s = show(redis.call("get", ${key}))`,
    `redis.call("set", ${key}, ${string(g, 2)})`,
    `redis.call("set", ${key}, ${numeric(g, 2)})`,
    `a = redis.call("incr", ${key})`,
    `a = redis.call("append", ${key}, ${string(g, 2)})`,
    `c = redis.call("strlen", ${key})`,
    `c = redis.call("exists", ${key}, "none")`,
    `l = redis.call("mget", ${key}, "none", "s1")`,
    `s = redis.call("set", ${key}, "v").ok`,
    `redis.call("del", ${key})`,
    `redis.call("select", ${g.below(3)})`,
    `s = redis.call("type", ${key}).ok`,
    `redis.setresp(3) s = show(redis.call("get", "none"))`,
    'redis.call("nosuch")',
    'redis.call("get")',
    'redis.call("multi")',
  ]);
}
