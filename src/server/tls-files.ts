import type { TlsConfiguration } from '../base/configuration-sections.ts';
import { NodeError } from '../base/errors.ts';
import type { Disk, TlsOptions } from '../base/world.ts';

/**
 * Reads the certificates that the settings name.
 * @returns null when no TLS port is wanted
 * @throws  NodeError BAD_CERTIFICATE
 */
export function readTlsFiles(settings: TlsConfiguration, disk: Disk): TlsOptions | null {
  if (settings.port === 0) return null;
  const authorities = settings.caCertFile === '' ? null : readPem(disk, settings.caCertFile);
  return {
    certificate: readPem(disk, settings.certFile),
    key: readPem(disk, settings.keyFile),
    authorities,
    clientCertificate: CLIENT_CERTIFICATE[settings.authClients],
    minVersion: oldestVersion(settings.protocols),
    ciphers: settings.ciphers === '' ? null : settings.ciphers,
  };
}

const CLIENT_CERTIFICATE = { yes: 'required', no: 'ignored', optional: 'optional' } as const;

/** Older versions than 1.2 are not offered, whatever is asked for. */
function oldestVersion(protocols: string): 'TLSv1.2' | 'TLSv1.3' {
  const names = protocols.toLowerCase().split(/\s+/);
  return names.includes('tlsv1.3') && !names.includes('tlsv1.2') ? 'TLSv1.3' : 'TLSv1.2';
}

function readPem(disk: Disk, path: string): string {
  if (path === '') {
    throw new NodeError('BAD_CERTIFICATE', 'A TLS port needs tls.cert_file and tls.key_file');
  }
  const bytes = disk.readFile(path);
  if (bytes === null) {
    throw new NodeError('BAD_CERTIFICATE', `There is no certificate file ${path}`, { path });
  }
  return Buffer.from(bytes).toString('utf8');
}
