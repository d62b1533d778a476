import type { CommandCaller } from '../commands/direct/command-caller.ts';
import type { ReplyValue } from '../protocol/reply-values.ts';

/** Runs a command as the request's user. Ask `caller.isError` before the value is used. */
export function runCommand(
  caller: CommandCaller,
  words: readonly (string | Uint8Array)[],
): ReplyValue {
  const { builder } = caller;
  builder.beginEmpty();
  for (const word of words) builder.argument(word);
  caller.perform();
  return caller.value(false);
}

/** A map reply, as an object of JSON. */
export function objectOf(value: ReplyValue): Record<string, ReplyValue> {
  if (!(value instanceof Map)) return {};
  const object: Record<string, ReplyValue> = {};
  for (const [name, one] of value) object[String(name)] = one;
  return object;
}
