/** What modules write: nobody here can read it, but where it ends can be told. */
import { MODULE_OPCODE } from './format.ts';
import type { RdbReader } from './rdb-reader.ts';

const NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;

/** The module's name, from the id read last. */
export function moduleName({ high, low }: RdbReader): string {
  let id = ((BigInt(high) << 32n) | BigInt(low)) >> VERSION_BITS;
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = NAME_CHARACTERS[Number(id & 63n)] + name;
    id >>= 6n;
  }
  return name;
}

/** Passes over the parts of a MODULE_2 value, or of what a module put beside the keys. */
export function skipModuleParts(reader: RdbReader): void {
  for (;;) {
    switch (reader.readLength()) {
      case MODULE_OPCODE.EOF:
        return;
      case MODULE_OPCODE.SINT:
      case MODULE_OPCODE.UINT:
        reader.readWords();
        break;
      case MODULE_OPCODE.FLOAT:
        reader.skip(4);
        break;
      case MODULE_OPCODE.DOUBLE:
        reader.skip(8);
        break;
      case MODULE_OPCODE.STRING:
        reader.skipString();
        break;
      default:
        reader.fail('invalid data of a module');
    }
  }
}
