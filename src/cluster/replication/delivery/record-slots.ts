/**
 * Of what slot each record of a stream is, where not every node holds every key: so a batch for one
 * node is made of those that are for it, by copying bytes. Columns, beside the buffer of records.
 */
import { RECORD } from '../effect-record.ts';
import { RecordBuffer } from '../record-buffer.ts';

/** In place of a slot. */
export const EVERY_SLOT = -1;
/** A time or a correlation id: for whoever gets what follows. */
export const CONTEXT = -2;
export const GROUP_BEGIN = -3;
export const GROUP_END = -4;

export class RecordSlots {
  private count = 0;
  private readonly slots: number[] = [];
  /** Where the records begin in the buffer. */
  private readonly starts: number[] = [];
  private readonly selected = new RecordBuffer();

  add(slot: number, start: number): void {
    this.slots[this.count] = slot;
    this.starts[this.count] = start;
    this.count++;
  }

  reset(): void {
    this.count = 0;
  }

  /** The bytes before `start` are forgotten. */
  dropBefore(start: number): void {
    const { slots, starts } = this;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (starts[i] < start) continue;
      slots[kept] = slots[i];
      starts[kept] = starts[i] - start;
      kept++;
    }
    this.count = kept;
  }

  /**
   * The records of [0, end) that are of such slots, and of groups those that hold one.
   * @returns a buffer that is reused; empty when there are none
   */
  select(records: RecordBuffer, end: number, hears: (slot: number) => boolean): RecordBuffer {
    const { selected, slots, starts } = this;
    let isAny = false;
    let isGroupDue = false;
    selected.reset();
    for (let i = 0; i < this.count && starts[i] < end; i++) {
      const slot = slots[i];
      if (slot === GROUP_BEGIN) {
        isGroupDue = true;
      } else if (slot === GROUP_END) {
        if (!isGroupDue) selected.u8(RECORD.groupEnd);
        isGroupDue = false;
      } else if (slot === CONTEXT || slot === EVERY_SLOT || hears(slot)) {
        const isContext = slot === CONTEXT;
        if (isGroupDue && !isContext) {
          isGroupDue = false;
          selected.u8(RECORD.groupBegin);
        }
        isAny ||= !isContext;
        selected.copy(records, starts[i], i + 1 < this.count ? starts[i + 1] : records.end);
      }
    }
    if (!isAny) selected.reset();
    return selected;
  }
}
