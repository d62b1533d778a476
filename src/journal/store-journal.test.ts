import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Effect } from '../engine/effect.ts';
import { EVENT } from '../engine/event-table.ts';
import { RecordLine } from './record-line.ts';
import { RECORD_BYTES_CUT, StoreJournal, type StoreJournalOptions } from './store-journal.ts';

function createJournal(options: Partial<StoreJournalOptions> = {}) {
  const clock = { nowMs: 1_790_000_000_123 };
  let firstCount = 0;
  const onFirst = () => void firstCount++;
  const journal = new StoreJournal({ clock, onFirst, ...options });
  const effect = new Effect('default');
  return {
    clock,
    journal,
    get firstCount() {
      return firstCount;
    },
    record(words: readonly string[], databaseIndex = 0, event: number = EVENT.none) {
      effect.begin(words[0], databaseIndex, 1);
      for (const word of words.slice(1)) effect.text(word);
      journal.onEffect(effect, event, 1);
    },
    /** What a loop turn's end would write. */
    take(): string {
      journal.seal();
      const { bytes, sealedEnd, start } = journal;
      const text = Buffer.from(bytes.slice(start, sealedEnd)).toString('latin1');
      journal.take(sealedEnd);
      return text;
    },
  };
}

/** Lines and bodies of whole records; each is checked. */
function split(text: string): { line: RecordLine; words: string; body: string }[] {
  const records = [];
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const words = text.slice(at, lineEnd);
    const line = new RecordLine();
    assert.ok(line.parse(words), words);
    const end = lineEnd + 2 + line.bodyBytes;
    assert.ok(end <= text.length);
    assert.equal(crc32(Buffer.from(text.slice(at + line.coveredAt, end), 'latin1')), line.crc);
    records.push({ line, words, body: text.slice(lineEnd + 2, end) });
    at = end;
  }
  return records;
}

const SELECT_0 = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';

test('what a turn brings is one record, with its length, checksum and time', () => {
  const kit = createJournal();
  kit.record(['SET', 'a', '1']);
  kit.record(['DEL', 'b']);
  assert.equal(kit.firstCount, 1);
  const [{ body, line }, ...others] = split(kit.take());
  assert.deepEqual(others, []);
  assert.equal(
    body,
    `${SELECT_0}*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n`,
  );
  assert.deepEqual([line.syncedBytes, line.atMs, line.afterBytes], [0, 1_790_000_000_123, -1]);
  assert.equal(kit.take(), '');
});

test('SELECT stands before the first effect of another database, and of a new file', () => {
  const kit = createJournal();
  kit.record(['DEL', 'a'], 3);
  kit.record(['DEL', 'a'], 3);
  kit.record(['DEL', 'a'], 12);
  const [{ body }] = split(kit.take());
  assert.deepEqual(body.match(/SELECT\r\n\$\d\r\n\d+/g), [
    'SELECT\r\n$1\r\n3',
    'SELECT\r\n$2\r\n12',
  ]);
  kit.record(['DEL', 'a'], 12);
  assert.doesNotMatch(kit.take(), /SELECT/);
  kit.journal.beginFile(4711);
  kit.record(['DEL', 'a'], 12);
  const [{ body: next, line }] = split(kit.take());
  assert.match(next, /SELECT/);
  assert.equal(line.afterBytes, 4711);
  kit.record(['DEL', 'a'], 12);
  assert.equal(split(kit.take())[0].line.afterBytes, -1, 'the first record alone tells it');
});

test('a record tells how much of its file is synced when it is closed', () => {
  const kit = createJournal();
  kit.journal.syncedBytes = 123_456_789_012;
  kit.record(['DEL', 'a']);
  kit.journal.syncedBytes = 123_456_789_013;
  assert.equal(split(kit.take())[0].line.syncedBytes, 123_456_789_013);
});

test('a large turn is cut between effects, never within a group', () => {
  const kit = createJournal();
  const value = 'x'.repeat(10_000);
  for (let i = 0; i < 20; i++) kit.record(['SET', `k${i}`, value]);
  const records = split(kit.take());
  assert.equal(records.length, 3);
  for (const { body } of records) assert.ok(body.length < RECORD_BYTES_CUT + 11_000);
  kit.journal.onGroupBegin();
  for (let i = 0; i < 20; i++) kit.record(['SET', `k${i}`, value]);
  kit.journal.onGroupEnd();
  kit.record(['DEL', 'a']);
  const [group, behind] = split(kit.take());
  assert.match(group.body, /^\*1\r\n\$5\r\nMULTI\r\n/);
  assert.match(group.body, /\*1\r\n\$4\r\nEXEC\r\n$/);
  assert.ok(group.body.length > 200_000);
  assert.match(behind.body, /DEL/);
});

test('all effects of a record happened at its time', () => {
  const kit = createJournal();
  kit.record(['DEL', 'a']);
  kit.clock.nowMs += 1;
  kit.record(['DEL', 'b']);
  const times = split(kit.take()).map(({ line }) => line.atMs);
  assert.deepEqual(times, [1_790_000_000_123, 1_790_000_000_124]);
});

test('a group without its end stays behind when what came before it is sealed', () => {
  const kit = createJournal();
  kit.record(['DEL', 'before']);
  const before = kit.journal.position;
  kit.journal.onGroupBegin();
  kit.record(['DEL', 'within']);
  assert.equal(kit.journal.position, before, 'a group counts when it has ended');
  const [first] = split(kit.take());
  assert.match(first.body, /before/);
  assert.doesNotMatch(first.body, /MULTI/);
  assert.equal(kit.journal.takenPosition, before);
  assert.equal(kit.take(), '');
  assert.equal(kit.journal.position, before, 'its line is no change');
  kit.record(['DEL', 'later'], 5);
  assert.equal(kit.take(), '');
  assert.ok(kit.firstCount >= 2);
  const { firstCount } = kit;
  kit.journal.onGroupEnd();
  assert.equal(kit.firstCount, firstCount + 1, 'its end asks for a seal again');
  const [{ body }] = split(kit.take());
  assert.match(
    body,
    /^\*1\r\n\$5\r\nMULTI\r\n[\s\S]*within[\s\S]*SELECT[\s\S]*later[\s\S]*EXEC\r\n$/,
  );
});

test('bytes that were not taken stay, and what comes follows them', () => {
  const kit = createJournal();
  kit.record(['SET', 'a', '1']);
  kit.journal.seal();
  const { sealedEnd } = kit.journal;
  const first = Buffer.from(kit.journal.bytes.slice(0, 40)).toString('latin1');
  kit.journal.take(40);
  assert.equal(kit.journal.takenPosition, 40);
  kit.record(['SET', 'b', '2']);
  assert.equal(kit.journal.heldBytes, kit.journal.position - 40);
  assert.ok(kit.journal.position > sealedEnd);
  assert.equal(split(first + kit.take()).length, 2);
  assert.equal(kit.journal.heldBytes, 0);
});

test('JSON marks and deadlines of fields stand in lines that redis-server skips', () => {
  const kit = createJournal();
  kit.record(['SET', 'k', '{}', 'PXAT', '99', 'JSON'], 0, EVENT.set);
  kit.record(['HSETEX', 'h', 'PXAT', '77', 'FIELDS', '2', 'f', 'v', 'g', 'w'], 0, EVENT.hset);
  kit.record(['HSETEX', 'h', 'KEEPTTL', 'FIELDS', '1', 'f', 'v'], 0, EVENT.hincrbyfloat);
  kit.record(['HPERSIST', 'h', 'FIELDS', '1', 'f'], 0, EVENT.hpersist);
  kit.record(['SET', 'k', 'JSON'], 0, EVENT.set);
  const [{ body }] = split(kit.take());
  const lines = body.split('\r\n');
  const ours = lines.filter((line) => line.startsWith('#hc+ '));
  const decoded = ours.map((line) => Buffer.from(line.slice(5), 'base64').toString());
  assert.deepEqual(
    decoded.map((text) =>
      text
        .split('\r\n')
        .filter((_, i) => i > 0 && i % 2 === 0)
        .join(' '),
    ),
    ['JSON', 'HPEXPIREAT h 77 FIELDS 2 f g', 'KEEPTTL', 'HPERSIST h FIELDS 1 f'],
  );
  const plain = lines.filter((line, i) => !line.startsWith('#') && /^\$/.test(lines[i - 1] ?? ''));
  const expected = 'SELECT 0 SET k {} PXAT 99 HSET h f v g w HSET h f v SET k JSON';
  assert.equal(plain.join(' '), expected);
});

test('a long command for us alone is cut into lines that redis-server can skip', () => {
  const kit = createJournal();
  const fields = Array.from({ length: 500 }, (_, i) => `field${i}`);
  kit.record(['HPERSIST', 'h', 'FIELDS', '500', ...fields], 0, EVENT.hpersist);
  const [{ body }] = split(kit.take());
  const lines = body.slice(SELECT_0.length).split('\r\n').slice(0, -1);
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(line.startsWith('#hc+ ') && line.length + 2 <= 512);
  const bytes = Buffer.concat(lines.map((line) => Buffer.from(line.slice(5), 'base64')));
  assert.match(bytes.toString(), /^\*504\r\n\$8\r\nHPERSIST\r\n[\s\S]*field499\r\n$/);
});

test('commands that the settings have renamed are written under their real names', () => {
  const kit = createJournal({ renamedCommands: [{ from: 'APPEND', to: 'Secret' }] });
  kit.record(['secret', 'k', 'v']);
  kit.record(['SET', 'secret', 'v']);
  const [{ body }] = split(kit.take());
  assert.match(body, /APPEND\r\n\$1\r\nk[\s\S]*SET\r\n\$6\r\nsecret/);
});

test('the checksum of a long record may be made by the machine', () => {
  const lengths: number[] = [];
  const kit = createJournal({
    crc32: (bytes, start, end, crc) => {
      lengths.push(end - start);
      return crc32(bytes.subarray(start, end), crc);
    },
  });
  for (const length of [10, 100, 1000, 100_000]) {
    kit.record(['SET', 'k', 'x'.repeat(length)]);
    split(kit.take());
  }
  assert.equal(lengths.length, 2);
});

test('no annotation line reaches the length that redis-server refuses', () => {
  const kit = createJournal();
  kit.journal.syncedBytes = 9_999_999_999_999;
  kit.journal.beginFile(Number.MAX_SAFE_INTEGER);
  kit.record(['DEL', 'a']);
  assert.ok(split(kit.take())[0].words.length < 512);
});
