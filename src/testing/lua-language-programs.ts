/** As LUA_PROGRAMS: the order of tables, scopes, metatables, coroutines. */
export const LUA_LANGUAGE_PROGRAMS: readonly string[] = [
  'local s="" for k,v in pairs({a=1,b=2,c=3}) do s=s..k.." " end return s',
  [
    'local s="" for k,v in pairs({a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,name=1,id=2,v',
    'alue=3}) do s=s..k.." " end return s',
  ].join(''),
  [
    'local t={} for i=1,100 do t["key:"..i]=i end local s="" for k,v in pairs(t) do',
    ' s=s..k.." " end return s',
  ].join(''),
  [
    'local t={} for i=1,30 do t[i*7]=i end local s="" for k,v in pairs(t) do s=s..k',
    '.." " end return s',
  ].join(''),
  [
    'local t={1,2,3,x=1,y=2} t.z=3 t.foo="bar" local s="" for k,v in pairs(t) do s=',
    's..k.." " end return s',
  ].join(''),
  [
    'local t={} t.x=1 t.y=2 t.z=3 t.w=4 t.v=5 local s="" for k,v in pairs(t) do s=s',
    '..k.." " end return s',
  ].join(''),
  [
    'local t={[true]=1,[false]=2,x=1,[1.5]=2,[-1]=4,[0]=4,[1e10]=3} local s="" for ',
    'k,v in pairs(t) do s=s..tostring(k).." " end return s',
  ].join(''),
  'return cjson.encode({name="x",age=3,list={1,2,3},nested={a=1,b=2,zeta=3}})',
  [
    'local t=cjson.decode(\'{"name":"x","age":3,"city":"y","zip":1,"q":[1,{"a":1,"b"',
    ":2}]}') return cjson.encode(t)",
  ].join(''),
  [
    'local t={} for i=1,10 do t[string.rep("ab",i*9)..i]=i end local s="" for k,v i',
    'n pairs(t) do s=s..v.." " end return s',
  ].join(''),
  [
    'local t={a=1,b=2,c=3} t.b=nil t.d=4 local s="" for k,v in pairs(t) do s=s..k..',
    '" " end return s',
  ].join(''),
  [
    'local t={a=1,b=2,c=3,d=4} t.b=nil t.e=4 t.f=5 local s="" for k,v in pairs(t) d',
    'o s=s..k.." " end return s',
  ].join(''),
  [
    'local s="" for k,v in next,{a=1,b=2,c=3} do s=s..k.." " end local t={x=1,y=2} ',
    'local k=next(t) return s,k,next(t,k)',
  ].join(''),
  [
    'local t={} for i=10,1,-1 do t[i*2]=i end t.n=1 local s="" for k,v in pairs(t) ',
    'do s=s..k.." " end return s',
  ].join(''),
  [
    'local t={[1]="a",[2]="b",[3]="c"} local s="" for k,v in pairs(t) do s=s..k.." ',
    '" end return s',
  ].join(''),
  'local t={10,20,30,nil,50} local s="" for k,v in pairs(t) do s=s..k.." " end return s',
  [
    'local t={n=3,10,20,30} t[4]=40 t.m=5 local s="" for k,v in pairs(t) do s=s..k.',
    '." " end return s',
  ].join(''),
  [
    'local t={} for w in ("the quick brown fox jumps over the lazy dog and runs awa',
    'y from the big bad wolf"):gmatch("%a+") do t[w]=(t[w] or 0)+1 end local s="" f',
    'or k,v in pairs(t) do s=s..k..v.." " end return s',
  ].join(''),
  [
    'local t={} for i=1,50 do t["f"..i]=i end for i=1,50,2 do t["f"..i]=nil end loc',
    'al s="" for k,v in pairs(t) do s=s..k.." " end return s',
  ].join(''),
  [
    'local n=0 for i=1,300 do local s="return "..string.rep("(",i).."1"..string.rep',
    '(")",i) if not loadstring(s) then return i end end',
  ].join(''),
  [
    'for i=1,300 do local s=string.rep("do ",i)..string.rep(" end",i) local f,e=loa',
    'dstring(s,"=x") if not f then return i,e end end',
  ].join(''),
  [
    'for i=1,300 do local s="return "..string.rep("1 ..",i).."1" local f,e=loadstri',
    'ng(s,"=x") if not f then return i,e end end',
  ].join(''),
  [
    'for i=1,300 do local s=string.rep("local a"..i.."=1\\n",i) local f,e=loadstring',
    '(s,"=x") if not f then return i,e end end',
  ].join(''),
  [
    'for i=150,300 do local s={} for j=1,i do s[j]="local a"..j.."=1" end local f,e',
    '=loadstring(table.concat(s,"\\n"),"=x") if not f then return i,e end end',
  ].join(''),
  [
    'local s={} for j=1,100 do s[j]="local a"..j.."=1" end s[#s+1]="return function',
    '() return a1" for j=2,100 do s[#s+1]="+a"..j end s[#s+1]=" end" return loadstr',
    'ing(table.concat(s,"\\n"),"=x")',
  ].join(''),
  "local f = function(...) local a,b = ... return b,a,select('#',...) end return f(1,2,3)",
  [
    'local t = {} function t.a() return 1 end function t:b(x) return self==t, x end',
    ' return t.a(), t:b(4)',
  ].join(''),
  [
    'local a = {b={}} function a.b.c(x) return x end function a.b:d() return self =',
    '= a.b end return a.b.c(5), a.b:d()',
  ].join(''),
  'local s = 0 for i=10,1,-3 do s=s*10+i end return s',
  [
    'local r = {} for i=1,3 do local j = i r[i] = function() j = j + 1 return j end',
    ' end return r[1](), r[1](), r[2](), r[3]()',
  ].join(''),
  [
    'local function f() local x = 1 local function g() x = x + 1 return x end retur',
    'n g, function() return x end end local g,h = f() g() g() return h()',
  ].join(''),
  'local i = 1 repeat local done = i >= 3 i = i + 1 until done return i',
  [
    'local fs = {} local i = 1 repeat local k = i fs[i] = function() return k end i',
    ' = i + 1 until k >= 3 return fs[1](), fs[2](), fs[3]()',
  ].join(''),
  'local function v(...) return ... end return (v(1,2)), v(1,2), {v(1,2),v(3,4)}[1]',
  'local function v(...) return ... end local t = {v(1,2),v(3,4)} return #t, t[1], t[2], t[3]',
  [
    'local function v(...) return ... end local t = {v(1,2),v(3,4),n=1} return #t, ',
    't[1], t[2], t[3]',
  ].join(''),
  [
    'local function v(...) return ... end local t = {v(1,2),[10]=1,v(3,4),n=1} retu',
    'rn #t, t[1], t[2], t[3], t[10]',
  ].join(''),
  'return #{n=1,2,3,nil,nil}, #{1,nil,3,nil}, #{nil}, #{nil,nil}',
  'local t = {1,2,3,4,5} t[#t]=nil t[#t]=nil return #t',
  [
    'return 7 % 3, -7 % 3, 7 % -3, -7 % -3, 5 % 0, 0 % 5, 5.3 % 2, 1e20 % 3, 5 % ma',
    'th.huge, -5 % math.huge',
  ].join(''),
  'return 2^10, 10/2, 10/3, 1e300*1e10, 3 - 5, -2^2, 2^-2, 2^3^2',
  'return 1 < 2, 1 <= 1, "a" < "b", "Z" < "a", 1 == 1, "1" == 1, 0.1+0.2 == 0.3',
  [
    'return tostring(1e14), tostring(123456789012), 1e15, 0.1+0.2, 100, 1e2, 3.1415',
    '9265358979, 1e-10, 5e-324, 1.7976931348623157e308',
  ].join(''),
  'return 12345.678, 99999999999999, 999999999999999, 0.00001, 123e-7',
  [
    'local mt = {__index=function(t,k) return k*2 end} local t = setmetatable({}, m',
    't) return t[1], t[2.5], rawget(t,1)',
  ].join(''),
  'local p = setmetatable({}, {__index = table}) p:insert(5) p:insert(6) return p[1], p[2], #p',
  [
    'local C = {} C.__index = C function C.new(x) return setmetatable({x=x}, C) end',
    ' function C:get() return self.x end function C.__add(a,b) return C.new(a.x+b.x',
    ') end function C.__tostring(s) return "C("..s.x..")" end return tostring(C.new',
    '(1)+C.new(2)), C.new(5):get()',
  ].join(''),
  [
    'local t = setmetatable({}, {__newindex = function(t,k,v) rawset(t, k, v*2) end',
    '}) t.x = 5 t.x = 6 return t.x',
  ].join(''),
  [
    'local log = {} local t = setmetatable({}, {__newindex = log}) t.x = 5 return r',
    'awget(t,"x"), log.x',
  ].join(''),
  'return pcall(setmetatable({}, {__call=function(s,a) return a end}), 9)',
  'return pcall(pcall, error, "x")',
  "return pcall(function(...) return select('#', ...), ... end, nil, nil)",
  'return select(2, pcall(error, {code=5})).code',
  'return pcall(error, setmetatable({}, {__tostring=function() return "E" end}))',
  'return pcall(error, "msg", 2)',
  [
    'local function lvl() error("deep", 2) end local function caller() lvl() end re',
    'turn pcall(caller)',
  ].join(''),
  'local ok, e = pcall(function() local t = nil; t.x.y = 1 end) return e',
  'local ok, e = pcall(function() return #nil end) return e',
  'local ok, e = pcall(function() return nil .. "x" end) return e',
  'local ok, e = pcall(function() return {} < 1 end) return e',
  'local ok, e = pcall(function() local a = "x" return a < 1 end) return e',
  'return xpcall(function() local x = nil + 1 end, function(e) return "H:" .. e end)',
  'return xpcall(function() error({1}) end, function(e) return type(e) end)',
  'return tostring(nil), tostring(true), tostring("x"), tostring(12), tostring(-0.0)',
  'local s = "" for i, v in ipairs({1,2,nil,4}) do s = s .. i .. v end return s',
  'local s = "" for k, v in next, {5,6} do s = s .. k .. v end return s',
  [
    'local function iter(s, c) if c < s then return c + 1, c * 2 end end local r = ',
    '"" for a, b in iter, 3, 0 do r = r .. a .. ":" .. b .. " " end return r',
  ].join(''),
  [
    'local r = "" for w in string.gmatch("one two", "%a+") do r = r .. w .. "," end',
    ' return r',
  ].join(''),
  'local t = {3,1,2} table.sort(t, function(a,b) return a > b end) return unpack(t)',
  'local t = {"b","a","C"} table.sort(t) return unpack(t)',
  [
    'local t = {} for i = 1, 50 do t[i] = (i * 37) % 50 end table.sort(t) return ta',
    'ble.concat(t, " ")',
  ].join(''),
  [
    'return table.concat({1,2.5,"x"}, "-"), table.concat({}, ","), table.concat({1}',
    ', ",", 1, 1), table.concat({1,2,3}, ",", 2, 3)',
  ].join(''),
  [
    'local t = {1,2,3} table.insert(t, 1, 0) table.insert(t, 3, 9) return table.con',
    'cat(t, ","), table.remove(t, 1), table.remove(t), table.concat(t, ",")',
  ].join(''),
  [
    'return table.getn({1,2}), table.maxn({[1.5]=1,[7]=2}), #table.concat({("x"):re',
    'p(10)}, "")',
  ].join(''),
  [
    'return tonumber("  12  "), tonumber("1e2"), tonumber("0x1F"), tonumber("12a"),',
    ' tonumber("7", 8), tonumber("z", 36), tonumber("1.5", 10), tonumber("1.5", 16)',
  ].join(''),
  [
    'return math.floor(-0.5), math.ceil(-0.5), math.max(1, 2.5), math.min(-1, 3), m',
    'ath.fmod(-7, 3), math.abs(-2)',
  ].join(''),
  'return loadstring("return 1 +")',
  'local f = loadstring("local a, b = ... return b, a") return f(1, 2)',
  'local env_ok = pcall(loadstring("x = 5")) return env_ok',
  'return type(loadstring("return _G")()) ',
  [
    "local co = coroutine.create(function(...) local n = select('#', ...) local a =",
    ' coroutine.yield(n) error("in co: " .. tostring(a)) end) local r1, n = corouti',
    'ne.resume(co, 1, nil, 3) local r2, e = coroutine.resume(co, "q") return r1, n,',
    ' r2, e, coroutine.status(co)',
  ].join(''),
  [
    'local function gen(n) return coroutine.wrap(function() for i = 1, n do corouti',
    'ne.yield(i, i * i) end end) end local s = "" for a, b in gen(3) do s = s .. a ',
    '.. "=" .. b .. ";" end return s',
  ].join(''),
  'local co = coroutine.wrap(function() return pcall(function() return 1 end) end) return co()',
  [
    'local function rec(n) if n > 0 then coroutine.yield(n) return rec(n - 1) end r',
    'eturn "end" end local co = coroutine.wrap(rec) return co(3), co(), co(), co()',
  ].join(''),
  [
    'local co = coroutine.wrap(function() coroutine.wrap(function() error("inner") ',
    'end)() end) return pcall(co)',
  ].join(''),
  'return pcall(coroutine.wrap(function() error({}) end))',
  [
    'return coroutine.resume(coroutine.create(function() return coroutine.yield(cor',
    'outine.yield(1)) end))',
  ].join(''),
  [
    'local co co = coroutine.create(function() return coroutine.resume(co) end) ret',
    'urn coroutine.resume(co)',
  ].join(''),
  [
    'local t = {} for i = 1, 10 do t[i] = i end for i = 1, 9 do t[i] = nil end retu',
    'rn #t, t[10], next(t)',
  ].join(''),
  [
    'local t = {x = 1} t.x = nil t.y = 2 local n = 0 for k in pairs(t) do n = n + 1',
    ' end return n, next(t)',
  ].join(''),
  'local a, b, c = 1 a, b, c = b, c, a return a, b, c',
  'local t = {1,2} local i = 1 i, t[i] = 2, "x" return i, t[1], t[2]',
  'local t = {} t.x, t.y = 1 return t.x, t.y',
  'do local x = 1 do local x = 2 end return x end',
  'local x = 1 local x = x + 1 return x',
  'local function f(a, a) return a end return f(1, 2)',
  'while true do if true then break end end return "out"',
  [
    'for i = 1, 3 do for j = 1, 3 do if j == 2 then break end if i == 3 then return',
    ' i, j end end end',
  ].join(''),
  'if nil then return 1 elseif false then return 2 elseif 0 then return 3 else return 4 end',
  "return (function(...) return select('#', ...) end)(nil, nil, nil)",
  'return ("%d"):format(3), ("x"):rep(3), #("abc"), ("abc"):byte(-1)',
  'local s = "x" s = s .. 1 .. 2 return s, 1 .. 2',
  [
    'return -2 ^ 2, not nil == true, 1 .. 2 == "12", 2 * 3 + 4, 2 + 3 * 4, "a" .. "',
    'b" == "ab" and 1 or 2',
  ].join(''),
  'return 1e308 + 1e308, -(1e308 + 1e308), 2^1023 * 2',
];
