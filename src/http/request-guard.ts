/**
 * Whether a request may come in at all, before anybody logs in: for a host that is ours, from a
 * page that may, from an address that may.
 *
 * The Host check is what keeps a page of a stranger, whose name he lets point to 127.0.0.1, from
 * reading the cache of who visits it. Such an attack needs a name: an address is never a stranger's
 * (it names this very machine), so with a port bound to every address any address is good.
 */
import type { Configuration } from '../base/configuration.ts';
import { isLocalAddress } from '../base/local-address.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { type RouteAnswer, refusal } from './route-row.ts';

const WILDCARDS = new Set(['', '*', '0.0.0.0', '::', '[::]']);
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]', '::1'];

export class RequestGuard {
  private readonly services: NodeServices;
  private readonly hosts: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  private readonly takesAnyAddress: boolean;

  constructor(services: NodeServices) {
    const { configuration, world } = services;
    this.services = services;
    this.takesAnyAddress = WILDCARDS.has(configuration.network.httpBindAddr);
    this.hosts = hostsOf(configuration, world.host.hostname);
    this.origins = new Set(configuration.http.allowedOrigins.map((name) => name.toLowerCase()));
  }

  /** @param host  as the client names it, with or without a port */
  refuseHost(host: string): RouteAnswer | null {
    if (host === '') return refusal(400, 'The request names no host');
    if (this.isOurs(nameOf(host))) return null;
    return refusal(421, 'This host is not served here: see http.allowed_hosts');
  }

  /** Same-origin requests, and programs, which send none. */
  refuseOrigin(origin: string | undefined, host: string): RouteAnswer | null {
    if (origin === undefined || this.isAllowedOrigin(origin)) return null;
    const match = /^https?:\/\/(.+)$/i.exec(origin);
    if (match !== null && match[1].toLowerCase() === host.toLowerCase()) return null;
    return refusal(403, 'Pages of this origin may not call the API: see http.allowed_origins');
  }

  /** Whether a page from elsewhere may read what is answered. */
  isAllowedOrigin(origin: string): boolean {
    return this.origins.has(origin.toLowerCase());
  }

  /** Protected mode, as of the RESP port. */
  refuseAddress(address: string): RouteAnswer | null {
    const { access, configuration } = this.services;
    const isOpenToAll = configuration.network.protectedMode && access.defaultUser.takesAnyPassword;
    if (!isOpenToAll || isLocalAddress(address)) return null;
    return refusal(
      403,
      'Protected mode: without a password only clients of this machine are served. Set ' +
        'security.requirepass, or network.protected_mode to no',
    );
  }

  private isOurs(name: string): boolean {
    return this.hosts.has(name) || (this.takesAnyAddress && isAddress(name));
  }
}

function hostsOf({ http, network }: Configuration, hostname: string): Set<string> {
  const bound = network.httpBindAddr;
  const names = [...LOOPBACK_NAMES, hostname, ...http.allowedHosts.map(nameOf)];
  if (!WILDCARDS.has(bound)) names.push(bound, `[${bound}]`);
  return new Set(names.map((name) => name.toLowerCase()));
}

/** `Example.com:9080` -> `example.com`, `[::1]:9080` -> `[::1]`. */
function nameOf(host: string): string {
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '');
  // `::1` as a setting has it: the last colon begins no port.
  return (host.includes('::') && !host.startsWith('[') ? host : name).toLowerCase();
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
}
