/**
 * What is told to clients of the port that redirects: which node owns the slot of their keys. Asked
 * by the door before a command runs or is queued, in Redis' place and with its words. Nothing is
 * ever moved key by key, so that ASK is not sent, and a client that says ASKING is served: the
 * command is forwarded where that is needed.
 */
import { slotOfKey } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { Command } from '../command-table.ts';
import { integerArgument } from '../integer-argument.ts';
import { findKeyPositions, KeyPositions } from '../key-positions.ts';
import type { Session, SlotMode } from '../session.ts';
import { portFor } from './slot-ranges.ts';

const NO_SLOT = -1;
const SEVERAL_SLOTS = -2;
/** The first key's has no owner, which is told before anything of the other keys. */
const UNSERVED_SLOT = -3;

/** @returns the text of an error instead of which the command is not run; null: it may run */
export function refuseRedirected(session: Session, frame: Frame, command: Command): string | null {
  const { slots } = session;
  if (slots === null) return null;
  const refusal = refuseByDatabase(frame, command);
  if (refusal !== null) return refusal;
  const { isAsking } = slots;
  slots.isAsking = false;
  const { transaction } = session;
  if (transaction === null) slots.queuedSlot = NO_SLOT;
  const isExec = transaction !== null && command.fullName === 'exec';
  const slot = isExec ? slots.queuedSlot : slotOfKeys(session, frame, command);
  if (slot === NO_SLOT) return null;
  if (slot === SEVERAL_SLOTS) return ERRORS.clusterCrossSlot.text;
  const owner = slot === UNSERVED_SLOT ? null : session.node.cluster.ownerOfSlot(slot);
  if (owner === null) return ERRORS.clusterUnserved.text;
  const isRead = isExec ? !transaction.hasWrite : command.isRead;
  const isReadHere = slots.isReadonly && isRead && holdsSlot(session, slot);
  if (!owner.isSelf && !isAsking && !isReadHere) {
    return `MOVED ${slot} ${owner.address}:${portFor(session, owner)}`;
  }
  if (transaction !== null && !command.runsInTransaction) noteQueued(slots, slot);
  return null;
}

/** What is queued has one slot together: EXEC is asked for it. */
function noteQueued(slots: SlotMode, slot: number): void {
  const isFurther = slots.queuedSlot !== NO_SLOT && slots.queuedSlot !== slot;
  slots.queuedSlot = isFurther ? SEVERAL_SLOTS : slot;
}

function holdsSlot({ node }: Session, slot: number): boolean {
  return node.cluster.holdersOfSlot(slot).some(({ isSelf }) => isSelf);
}

/** Clients of a cluster know one database. */
function refuseByDatabase(frame: Frame, command: Command): string | null {
  switch (command.fullName) {
    case 'select':
      return integerArgument(frame, 1) > 0 ? ERRORS.clusterSelect.text : null;
    case 'move':
      return ERRORS.clusterMove.text;
    case 'swapdb':
      return ERRORS.clusterSwapdb.text;
    case 'copy':
      return hasOtherDatabase(frame) ? ERRORS.clusterCopy.text : null;
    default:
      return null;
  }
}

function hasOtherDatabase(frame: Frame): boolean {
  for (let arg = 3; arg + 1 < frame.count; arg++) {
    if (frame.equals(arg, 'DB') && integerArgument(frame, arg + 1) !== 0) return true;
  }
  return false;
}

/** Of all keys, one. */
function slotOfKeys({ node }: Session, frame: Frame, command: Command): number {
  const count = findKeyPositions(command.row, frame, positions);
  let slot = NO_SLOT;
  for (let i = 0; i < count; i++) {
    const arg = positions.positions[i];
    const next = slotOfKey(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
    if (slot === NO_SLOT && node.cluster.ownerOfSlot(next) === null) return UNSERVED_SLOT;
    if (slot !== NO_SLOT && next !== slot) return SEVERAL_SLOTS;
    slot = next;
  }
  return slot;
}

/** Of one command; nothing is kept. */
const positions = new KeyPositions();
