import assert from 'node:assert/strict';
import { type CommandKit, createCommandKit } from './command-kit.ts';

/**
 * A second node that hears nothing but the effects of the first: what it holds must be the same.
 * Both live on clocks of their own that are moved together.
 */
export class EffectReplica {
  readonly kit: CommandKit;
  private readonly source: CommandKit;

  constructor(source: CommandKit, kit: CommandKit) {
    this.source = source;
    this.kit = kit;
    kit.session.marksJson = true;
    for (const each of [source, kit]) {
      each.node.services.configuration.security.enableDebugCommand = 'yes';
    }
  }

  advance(ms: number): void {
    this.source.advance(ms);
    this.kit.advance(ms);
  }

  setActiveExpiry(isOn: boolean): void {
    for (const { node } of [this.source, this.kit]) {
      for (const store of node.services.stores) store.activeExpiryEnabled = isOn;
    }
  }

  /** Applies what has been recorded since the last call. @returns the effects as lines */
  apply(): string[] {
    const effects = this.source.effects.splice(0);
    for (const { args, databaseIndex } of effects) {
      this.kit.ask('SELECT', databaseIndex);
      const bytes = args.map((arg) => Buffer.from(arg, 'latin1'));
      const reply = this.kit.ask(...bytes);
      const told = args.join(' ').slice(0, 200);
      assert.ok(!(reply instanceof Error), `the effect ${told} was refused: ${reply}`);
    }
    return effects.map(({ args }) => args.join(' '));
  }

  /** Fails when the two nodes do not hold the same. */
  check(): void {
    const [first] = [this.source.ask('DEBUG', 'DIGEST')];
    if (first === this.kit.ask('DEBUG', 'DIGEST')) return;
    const keys = this.source.ask('KEYS', '*') as string[];
    assert.deepEqual([...(this.kit.ask('KEYS', '*') as string[])].sort(), [...keys].sort());
    for (const key of keys) {
      const here = this.source.ask('DEBUG', 'DIGEST-VALUE', key);
      assert.deepEqual(this.kit.ask('DEBUG', 'DIGEST-VALUE', key), here, `digest of ${key}`);
    }
    assert.fail('the digests of the two nodes differ');
  }
}

export async function createEffectReplica(source: CommandKit, seed: number) {
  return new EffectReplica(source, await createCommandKit(seed, { records: false }));
}
