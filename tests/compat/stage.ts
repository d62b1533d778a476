import { Draft, type Generator } from './generator.ts';
import type { Judge } from './judge.ts';
import type { PairedClient } from './paired-client.ts';

/** Who takes part in a run. */
export interface Stage {
  readonly generator: Generator;
  readonly judge: Judge;
  readonly clients: readonly PairedClient[];
  readonly subscribers: readonly PairedClient[];
  /** Comes and goes within a scenario. */
  readonly guest: PairedClient;
}

export interface ScenarioRow {
  readonly name: string;
  readonly weight: number;
  run(stage: Stage): Promise<void>;
}

export async function send(
  stage: Stage,
  client: PairedClient,
  batch: readonly Draft[],
): Promise<void> {
  stage.judge.judge(client.name, batch, await client.exchange(batch));
}

export function command(name: string, ...args: string[]): Draft {
  return new Draft(name).add(...args);
}
