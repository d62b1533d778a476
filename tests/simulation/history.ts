/** What clients asked for and were told, in the order in which it happened. */

export type KeyKind = 'register' | 'counter' | 'set' | 'hash' | 'list' | 'volatile';

/** One command on one key, as its model knows it. */
export interface Action {
  readonly key: string;
  readonly kind: KeyKind;
  /** In capitals: SET, DEL, INCR... `READ` stands for what tells the whole value. */
  readonly verb: string;
  /** Field, member or value. */
  readonly first: string;
  readonly second: string;
}

export type Outcome =
  /** It answered. */
  | 'done'
  /** It was refused, and nothing has changed. */
  | 'refused'
  /** Nobody knows whether it was executed. */
  | 'unknown';

export interface Operation extends Action {
  readonly clientId: number;
  readonly nodeId: string;
  /** Position among all that was asked and answered. */
  readonly askedAt: number;
  readonly askedMs: number;
  /** Infinity while nothing was answered. */
  answeredAt: number;
  answeredMs: number;
  outcome: Outcome;
  /** As the model tells it. */
  reply: string;
}

export class History {
  readonly operations: Operation[] = [];
  private eventCount = 0;
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  begin(action: Action, who: { clientId: number; nodeId: string }): Operation {
    const operation: Operation = {
      ...action,
      ...who,
      askedAt: this.eventCount++,
      askedMs: this.nowMs(),
      answeredAt: Number.POSITIVE_INFINITY,
      answeredMs: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      reply: '',
    };
    this.operations.push(operation);
    return operation;
  }

  end(operation: Operation, outcome: Outcome, reply: string): void {
    operation.answeredAt = this.eventCount++;
    operation.answeredMs = this.nowMs();
    operation.outcome = outcome;
    operation.reply = reply;
  }

  byKey(): Map<string, Operation[]> {
    const found = new Map<string, Operation[]>();
    for (const operation of this.operations) {
      const list = found.get(operation.key);
      if (list === undefined) found.set(operation.key, [operation]);
      else list.push(operation);
    }
    return found;
  }
}

export function describeOperation(operation: Operation): string {
  const { answeredMs, askedMs, clientId, first, key, nodeId, outcome, reply, second, verb } =
    operation;
  const words = [verb, key, first, second].filter((word) => word !== '').join(' ');
  const end = answeredMs === Number.POSITIVE_INFINITY ? '...' : answeredMs.toFixed(1);
  const when = `${askedMs.toFixed(1)}-${end}`;
  return `${when} client ${clientId} at ${nodeId}: ${words} -> ${outcome} ${reply}`;
}
