import type { Random } from '../../base/world.ts';
import { CommandTemplate } from './command-template.ts';
import type { OperationRow } from './operations.ts';

export interface WeightedOperation {
  readonly row: OperationRow;
  readonly weight: number;
}

/** What is sent next, and over which key. */
export interface Workload {
  readonly operationNames: readonly string[];
  /** Of the longest command. */
  readonly commandBytesMax: number;
  /** @returns the number of an operation */
  choose(): number;
  /** @returns the end of what was written */
  write(operation: number, into: Uint8Array, at: number): number;
}

export interface KeySpace {
  readonly keyCount: number;
  /** 1: all keys are asked for alike; above: the first ones more. */
  readonly skew: number;
  readonly valueBytes: number;
}

const U32 = 2 ** 32;

/** Operations by their weights over keys by chance. */
export function randomWorkload(
  operations: readonly WeightedOperation[],
  space: KeySpace,
  random: Random,
): Workload {
  const { keyCount, skew } = space;
  const templates = templatesOf(operations, space);
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const bounds = operations.map(({ weight }) => {
    sum += weight;
    return (sum / total) * U32;
  });
  const chooseKey = (): number => {
    const share = random.u32() / U32;
    return Math.floor(keyCount * (skew === 1 ? share : share ** skew));
  };
  return {
    ...factsOf(operations, templates),
    choose() {
      if (bounds.length === 1) return 0;
      const drawn = random.u32();
      return bounds.findIndex((bound) => drawn < bound);
    },
    write: (operation, into, at) =>
      templates[operation].write(
        into,
        at,
        chooseKey(),
        Math.floor((random.u32() / U32) * keyCount),
      ),
  };
}

/** One operation over every key once, from the first on. */
export function sweepingWorkload(row: OperationRow, space: KeySpace): Workload {
  const operations = [{ row, weight: 1 }];
  const templates = templatesOf(operations, space);
  let key = 0;
  return {
    ...factsOf(operations, templates),
    choose: () => 0,
    write: (_operation, into, at) => {
      const end = templates[0].write(into, at, key, key);
      key++;
      return end;
    },
  };
}

function templatesOf(
  operations: readonly WeightedOperation[],
  { valueBytes }: KeySpace,
): CommandTemplate[] {
  const value = 'v'.repeat(valueBytes);
  return operations.map(({ row }) => new CommandTemplate(row.words, value));
}

function factsOf(
  operations: readonly WeightedOperation[],
  templates: readonly CommandTemplate[],
): Pick<Workload, 'commandBytesMax' | 'operationNames'> {
  return {
    operationNames: operations.map(({ row }) => row.name),
    commandBytesMax: Math.max(...templates.map(({ byteCount }) => byteCount)),
  };
}
