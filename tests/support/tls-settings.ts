import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeTestCertificates } from '../../src/testing/certificates.ts';

export interface TlsSettings {
  /** redis-server's flags for a TLS port with certificates in a folder of its own. */
  readonly args: string[];
  /** PEM of who signed them. */
  readonly authority: string;
  /** Writes other certificates into the same files. */
  renew(): void;
  remove(): void;
}

export function createTlsSettings(port: number): TlsSettings {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-tls-'));
  const file = (name: string) => path.join(folder, name);
  const write = (): string => {
    const { authority, server } = makeTestCertificates();
    fs.writeFileSync(file('server.crt'), server.certificate);
    fs.writeFileSync(file('server.key'), server.key);
    fs.writeFileSync(file('ca.crt'), authority.certificate);
    return authority.certificate;
  };
  const authority = write();
  return {
    args: [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      file('server.crt'),
      '--tls-key-file',
      file('server.key'),
      '--tls-ca-cert-file',
      file('ca.crt'),
    ],
    authority,
    renew: () => void write(),
    remove: () => fs.rmSync(folder, { recursive: true }),
  };
}
