import type { World } from '../base/world.ts';
import { configurationSchema } from '../config/json-schema.ts';

/** `config schema`: for editors that check and complete YAML files. */
export function runConfigSchema(world: World): number {
  world.host.writeOut(`${JSON.stringify(configurationSchema(), null, 2)}\n`);
  return 0;
}
