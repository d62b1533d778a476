import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { compactText, cutArray, cutObject, decodeString } from './json-cutter.ts';

function textOf(text: string): string | null {
  const bytes = Buffer.from(`{"value":${text}}`);
  const cut = cutObject(bytes);
  if ('fault' in cut) return null;
  const place = cut.members.get('value');
  return place === undefined ? null : bytes.toString('utf8', place.start, place.end);
}

const GOOD = [
  ...['0', '-0', '42', '9007199254740993', '-1.50', '1e400', '1E+2', '0.1e-7', '123456789.000'],
  ...['true', 'false', 'null', '""', '"a"', '"\\u00e4\\"\\\\\\/\\b\\f\\n\\r\\t"', '"😀"'],
  ...['"\\ud83d\\ude00"', '[]', '{}', '[[],{}]', '{"a":{"b":[1,{"c":null}]}}', '[ 1 , 2 ]'],
  ...['{"__proto__":1,"constructor":{}}', '{"a":1,"a":2}', '"\u2028"'],
];

const BAD = [
  ...[
    '',
    '01',
    '+1',
    '.5',
    '1.',
    '1e',
    '1e+',
    '-',
    '--1',
    'NaN',
    'Infinity',
    'nul',
    'nulll',
    'TRUE',
  ],
  ...['"', '"a', "'a'", '"\\x"', '"\\u12g4"', '"\\u12"', '"\n"', '"\t"', '"\\'],
  ...[
    '[',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{a:1}',
  ],
  ...['{"a" 1}', '[}', '{]', '[1}', '{"a":1]', '1 2', '// x', '/**/1', '\u00a01', '\ufeff1', '1,2'],
];

test('what is cut is what JSON.parse takes, and the text stays as it is', () => {
  for (const text of GOOD) {
    assert.doesNotThrow(() => JSON.parse(text), text);
    assert.equal(textOf(text), text);
    assert.equal(textOf(` \t\r\n${text} \n`), text);
  }
});

test('what is no JSON is refused', () => {
  for (const text of BAD) {
    assert.throws(() => JSON.parse(`{"value":${text}}`), text);
    assert.equal(textOf(text), null, text);
  }
});

test('half of a surrogate pair is refused: no text can hold it', () => {
  for (const text of ['"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\ud800"', '"\\ud800\\n"']) {
    assert.equal(textOf(text), null, text);
  }
});

test('every prefix of an object is refused, and so is anything behind it', () => {
  const text = '{"value": {"a": [1.5e3, "x\\u00e9", true, null, {"b": []}]}, "ttl": "30s"}';
  for (let end = 0; end < text.length; end++) {
    assert.ok('fault' in cutObject(Buffer.from(text.slice(0, end))), text.slice(0, end));
  }
  assert.ok('members' in cutObject(Buffer.from(text)));
  for (const more of ['x', '{}', ',', '\0']) {
    assert.ok('fault' in cutObject(Buffer.from(text + more)), more);
  }
});

test('any byte that is changed is taken exactly when JSON.parse takes it', () => {
  const text = '{"value":[-1.5e3,"a\\n\\u0041",true,null,{"b":{}}],"c":"d"}';
  for (let at = 0; at < text.length; at++) {
    for (let byte = 0; byte < 128; byte++) {
      const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
      let expected = true;
      try {
        const parsed: unknown = JSON.parse(changed);
        expected = Object.keys(parsed as object).length === 2;
      } catch {
        expected = false;
      }
      assert.equal('members' in cutObject(Buffer.from(changed)), expected, changed);
    }
  }
});

test('a name that stands twice, and what is no object, are refused with their words', () => {
  const faultOf = (text: string) => {
    const cut = cutObject(Buffer.from(text));
    return 'fault' in cut ? cut.fault : '';
  };
  assert.equal(faultOf('{"a":1,"\\u0061":2}'), 'names "a" twice');
  for (const text of ['[]', '1', '"a"', 'null']) {
    assert.equal(faultOf(text), 'must be a JSON object');
  }
  assert.match(faultOf('{"a":1]'), /is no JSON, see byte 6/);
});

test('names are decoded, and __proto__ is a name like any other', () => {
  const cut = cutObject(Buffer.from('{"__proto__":1,"\\u00e4":2,"":3}'));
  assert.ok('members' in cut);
  assert.deepEqual([...cut.members.keys()], ['__proto__', 'ä', '']);
});

test('depth is bounded, and no depth overflows the stack', () => {
  const max = LIMITS.jsonDepthMax;
  assert.notEqual(textOf('['.repeat(max) + ']'.repeat(max)), null);
  assert.equal(textOf('['.repeat(max + 1) + ']'.repeat(max + 1)), null);
  const mixed = '{"a":['.repeat(max / 2) + ']}'.repeat(max / 2);
  assert.notEqual(textOf(mixed), null);
  const deep = cutObject(Buffer.from(`{"value":${'['.repeat(1_000_000)}`));
  assert.deepEqual(deep, { fault: `nests deeper than ${max}` });
});

test('blanks between parts go, those within strings stay', () => {
  const compact = (text: string) => {
    const bytes = Buffer.from(`{"value":${text}}`);
    const cut = cutObject(bytes);
    assert.ok('members' in cut);
    const place = cut.members.get('value');
    assert.ok(place !== undefined);
    return compactText(bytes, place).toString();
  };
  assert.equal(
    compact('[ 1 ,\n\t2.50 , { "a b" : " \\" \\\\" , "c":[ ] } ]'),
    '[1,2.50,{"a b":" \\" \\\\","c":[]}]',
  );
  for (const text of GOOD.filter((each) => !each.includes(' '))) {
    assert.equal(compact(text), text);
  }
});

test('arrays are cut into their elements, up to a bound', () => {
  const bytes = Buffer.from('{"keys":[ "a" , 1.50,[2, 3] ,{} ],"empty":[ ],"no":1}');
  const cut = cutObject(bytes);
  assert.ok('members' in cut);
  const elementsOf = (name: string, countMax = 10) => {
    const place = cut.members.get(name);
    assert.ok(place !== undefined);
    const array = cutArray(bytes, place, countMax);
    if ('fault' in array) return array.fault;
    return array.elements.map(({ start, end }) => bytes.toString('utf8', start, end));
  };
  assert.deepEqual(elementsOf('keys'), ['"a"', '1.50', '[2, 3]', '{}']);
  assert.deepEqual(elementsOf('keys', 4).length, 4);
  assert.equal(elementsOf('keys', 3), 'must have 3 elements at most');
  assert.deepEqual(elementsOf('empty'), []);
  assert.equal(elementsOf('no'), 'must be an array');
});

test('strings are decoded as JSON.parse does', () => {
  for (const text of GOOD.filter((each) => each.startsWith('"'))) {
    const bytes = Buffer.from(text);
    assert.equal(decodeString(bytes, { start: 0, end: bytes.length }), JSON.parse(text));
  }
});
