import type { Frame } from '../../../base/frame.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { Session } from '../../session.ts';

/** DEBUG PROTOCOL: one reply of each type, the same as Redis sends, for tests of clients. */
export function replyOfType(_session: Session, frame: Frame, reply: ReplyWriter): void {
  const write = WRITERS.get(frame.latin1(2).toLowerCase());
  if (write === undefined) reply.errorText(UNKNOWN_TYPE);
  else write(reply);
}

const UNKNOWN_TYPE =
  'ERR Wrong protocol type name. Please use one of the following: ' +
  'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';

const ELEMENTS = [0, 1, 2];

const WRITERS: ReadonlyMap<string, (reply: ReplyWriter) => void> = new Map([
  ['string', (reply: ReplyWriter) => reply.bulkText('Hello World')],
  ['integer', (reply: ReplyWriter) => reply.integer(12345)],
  ['double', (reply: ReplyWriter) => reply.double(3141 / 1000)],
  ['bignum', (reply: ReplyWriter) => reply.bigNumber('1234567999999999999999999999999999999')],
  ['null', (reply: ReplyWriter) => reply.null()],
  ['array', replyArray],
  ['set', replySet],
  ['map', replyMap],
  ['attrib', replyAttribute],
  ['push', replyPush],
  ['verbatim', (reply: ReplyWriter) => reply.verbatim('txt', 'This is a verbatim\nstring')],
  ['true', (reply: ReplyWriter) => reply.boolean(true)],
  ['false', (reply: ReplyWriter) => reply.boolean(false)],
]);

function replyArray(reply: ReplyWriter): void {
  reply.array(ELEMENTS.length);
  for (const element of ELEMENTS) reply.integer(element);
}

function replySet(reply: ReplyWriter): void {
  reply.set(ELEMENTS.length);
  for (const element of ELEMENTS) reply.integer(element);
}

function replyMap(reply: ReplyWriter): void {
  reply.map(ELEMENTS.length);
  for (const element of ELEMENTS) {
    reply.integer(element);
    reply.boolean(element === 1);
  }
}

/** RESP2 has no attributes: what they would describe stands alone. */
function replyAttribute(reply: ReplyWriter): void {
  if (reply.protocol === 3) {
    reply.attribute(1);
    reply.bulkText('key-popularity');
    reply.array(2);
    reply.bulkText('key:123');
    reply.integer(90);
  }
  reply.bulkText('Some real reply following the attribute');
}

function replyPush(reply: ReplyWriter): void {
  if (reply.protocol === 2) {
    reply.errorText('ERR RESP2 is not supported by this command');
    return;
  }
  reply.push(2);
  reply.bulkText('server-cpu-usage');
  reply.integer(42);
  reply.bulkText('Some real reply following the push reply');
}
