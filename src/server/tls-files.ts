import type { TlsConfiguration } from '../base/configuration-sections.ts';
import { NodeError } from '../base/errors.ts';
import type { Disk, TlsOptions } from '../base/world.ts';

/**
 * Reads the certificates that the settings name.
 * @returns null when no TLS port is wanted
 * @throws  NodeError BAD_CERTIFICATE
 */
export function readTlsFiles(settings: TlsConfiguration, disk: Disk): TlsOptions | null {
  return settings.port === 0 ? null : readCertificates(settings, disk);
}

/** The same for a port that is wanted. */
export function readCertificates(settings: TlsConfiguration, disk: Disk): TlsOptions {
  const authorities = readAuthorities(settings, disk);
  if (settings.authClients !== 'no' && authorities === null) {
    // Without it any certificate that some public authority signed would do.
    const reason = 'A TLS port that checks clients needs tls.ca_cert_file or tls.ca_cert_dir';
    throw new NodeError('BAD_CERTIFICATE', `${reason}; or set tls.auth_clients to no`);
  }
  return {
    certificate: readPem(disk, settings.certFile),
    key: readPem(disk, settings.keyFile),
    passphrase: settings.keyFilePassword,
    authorities,
    clientCertificate: CLIENT_CERTIFICATE[settings.authClients],
    ...versionsOf(settings.protocols),
    ciphers: ciphersOf(settings),
    prefersOwnCiphers: settings.preferServerCiphers,
    sessionS: settings.sessionCaching ? settings.sessionCacheTimeoutS : 0,
  };
}

const CLIENT_CERTIFICATE = { yes: 'required', no: 'ignored', optional: 'optional' } as const;

/** Older versions than 1.2 are not offered, whatever is asked for. */
function versionsOf(protocols: string): Pick<TlsOptions, 'minVersion' | 'maxVersion'> {
  const names = protocols.toLowerCase().split(/[\s,]+/);
  const has2 = names.includes('tlsv1.2');
  const has3 = names.includes('tlsv1.3');
  if (has3 && !has2) return { minVersion: 'TLSv1.3' };
  return has2 && !has3
    ? { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }
    : { minVersion: 'TLSv1.2' };
}

/** OpenSSL has two lists, Node one: what begins with TLS_ is for 1.3. */
function ciphersOf({ ciphers, ciphersuites }: TlsConfiguration): string | null {
  if (ciphers === '' && ciphersuites === '') return null;
  return [ciphersuites, ciphers === '' ? 'DEFAULT' : ciphers]
    .filter((list) => list !== '')
    .join(':');
}

function readAuthorities({ caCertFile, caCertDir }: TlsConfiguration, disk: Disk): string | null {
  const texts: string[] = [];
  if (caCertFile !== '') texts.push(readPem(disk, caCertFile));
  if (caCertDir !== '') {
    for (const name of disk.listDirectory(caCertDir)) {
      if (/\.(pem|crt|cer)$/.test(name)) texts.push(readPem(disk, `${caCertDir}/${name}`));
    }
  }
  return texts.length === 0 ? null : texts.join('\n');
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
