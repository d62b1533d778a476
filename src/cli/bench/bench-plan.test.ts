import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { runCommandLine } from '../run-command-line.ts';

const REFUSED: readonly (readonly [args: readonly string[], reason: RegExp])[] = [
  [['--rate', '0'], /--rate: must be 0\.1 to 10000000/],
  [['--clients', 'many'], /--clients: must be 1 to 10000/],
  [['--clients', '10000', '--pipeline', '10000'], /--pipeline: at most 1000000 commands/],
  [['--mix', 'get:9,nosuch:1'], /--mix: there is no 'nosuch'; there are ping, get/],
  [['--mix', 'get:0'], /--mix: must be such as get:9,set:1/],
  [['--mix', ''], /--mix: must be such as/],
  [['--command', ' '], /--command: must name a command/],
  [['--command', 'PING', '--mix', 'get'], /--command: not together with --mix/],
  [['--duration', 'long'], /--duration: must be a duration, such as 10s/],
  [['--duration', '0'], /--duration: must be a duration/],
  [['--requests', '5', '--duration', '1s'], /--requests: not together with --duration/],
  [['--target', 'nowhere'], /--target: must be host:port/],
  [['--target', 'a:1,b:99999'], /--target: must be host:port/],
  [['--size', '9gb'], /--size: must be a size, 1 to 67108864 bytes/],
  [['--skew', '0.5'], /--skew: must be 1 to 100/],
  [['--keys', '-1'], /--keys: must be 1 to/],
  [['--tls'], /Which port\? --port, or --target/],
  [['--ca', '/no.crt', '--tls', '--target', 'a:1'], /There is no file \/no\.crt/],
];

for (const [args, reason] of REFUSED) {
  test(`bench ${args.join(' ')} is refused: ${reason.source}`, async () => {
    const world = createSimulatedWorld();
    const serve = async (): Promise<number> => assert.fail('nothing starts');
    assert.equal(await runCommandLine(['bench', ...args], { world, serve }), 1);
    assert.match(world.host.errorText, reason);
    assert.equal(world.host.outText, '');
  });
}
