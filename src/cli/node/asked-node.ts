/** Which node a tool asks. */
import { resolve } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import { listLocalNodes } from '../cluster/local-nodes.ts';
import type { ToolRun } from '../tool-arguments.ts';
import type { FlagRow } from '../tool-row.ts';
import { LOGIN_FLAGS } from './node-access.ts';

export const BASE_DIR_FLAG: FlagRow = {
  usage: '--base-dir <directory>',
  help: 'where the nodes that run here keep what is theirs; ./data',
};

/** Of every tool that asks one node. */
export const NODE_FLAGS: readonly FlagRow[] = [
  {
    usage: '--url <address>',
    help: 'of the HTTP port of the node, such as http://127.0.0.1:9080; else one that runs here',
  },
  ...LOGIN_FLAGS,
  BASE_DIR_FLAG,
];

const EVERY_ADDRESS = ['0.0.0.0', '::', '*', ''];

/**
 * The address that is named; else that of the port that is set; else that of a node which
 * `hypercache cluster` runs here; else that of the node that would start with these settings.
 * @returns without a slash at its end
 */
export function askedUrl(tool: ToolRun): string {
  const url = tool.flags.get('url');
  if (url !== undefined) return url.replace(/\/+$/, '');
  const { configuration, assigned } = tool;
  if (assigned.has('network.http_port')) return addressOf(configuration);
  const running = listLocalNodes(tool.world, baseDirOf(tool)).find((node) => node.isRunning);
  return addressOf(configuration, running?.record?.ports.http);
}

/** The node that would start with these settings, on this machine. */
export function addressOf({ http, network }: Configuration, port = network.httpPort): string {
  const protocol = http.isTls ? 'https' : 'http';
  return `${protocol}://${inUrl(reachable(network.httpBindAddr))}:${port}`;
}

export function baseDirOf({ flags, world }: ToolRun): string {
  return resolve(world.host.workingDirectory, flags.get('base-dir') ?? 'data');
}

/** Where what is bound is reached from this machine. */
export function reachable(bound: string): string {
  const host = bound.replace(/^-/, '');
  return EVERY_ADDRESS.includes(host) ? '127.0.0.1' : host;
}

/** An address as it stands in a URL, and before a port. */
export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
