import { OPCODE, OWN_AUX } from '../format.ts';
import { RdbBuffer } from '../rdb-buffer.ts';
import type { EntryWriter } from './entry-writer.ts';

/** An AUX field of deadlines ends when it has so many bytes. */
const AUX_BYTES_MAX = 4096;

/** Gathers deadlines of a hash's fields, and writes them as AUX fields (`OWN_AUX`). */
export class FieldDeadlines {
  private readonly writer: EntryWriter;
  private readonly gathered: RdbBuffer;

  constructor(writer: EntryWriter) {
    this.writer = writer;
    this.gathered = new RdbBuffer(writer.options);
    this.writeForm();
  }

  add(bytes: Uint8Array, view: DataView, offset: number, length: number, deadlineMs: number): void {
    const { gathered } = this;
    // In a payload they stand behind the value, and are gathered before it.
    if (gathered.length > AUX_BYTES_MAX && this.writer.isFile) this.end();
    gathered.writeLength(length);
    gathered.writeRaw(bytes, view, offset, length);
    gathered.writeMs(deadlineMs);
  }

  /** Writes what was gathered since the last time, if anything. */
  end(): void {
    const { gathered } = this;
    if (gathered.length === FORM_BYTES) return;
    const { buffer } = this.writer;
    buffer.writeByte(OPCODE.AUX);
    buffer.writeText(OWN_AUX.FIELD_DEADLINES);
    buffer.writeLength(gathered.length);
    buffer.writeRaw(gathered.bytes, gathered.view, 0, gathered.length);
    gathered.clear();
    this.writeForm();
  }

  /** Zero first: who prints the value as text prints nothing. */
  private writeForm(): void {
    this.gathered.writeByte(0);
  }
}

const FORM_BYTES = 1;
