import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface TestCertificates {
  /** Signs all but `stranger`. */
  readonly authority: Certificate;
  readonly server: Certificate;
  /** Another certificate for the same server, for a change of certificates. */
  readonly nextServer: Certificate;
  /** Names the peer `alice`. */
  readonly client: Certificate;
  /** Signed by itself: good form, no trust. */
  readonly stranger: Certificate;
}

/** Makes fresh certificates by the `openssl` command, so that no key lies in the repository. */
export function makeTestCertificates(days = 30): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-certificates-'));
  try {
    const make = (name: string, subject: string, authority: string | null): Certificate => {
      const key = join(folder, `${name}.key`);
      const certificate = join(folder, `${name}.crt`);
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      const time = ['-days', `${days}`];
      const names = ['-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject}`];
      const signer =
        authority === null
          ? []
          : ['-CA', join(folder, `${authority}.crt`), '-CAkey', join(folder, `${authority}.key`)];
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          ...curve,
          ...time,
          ...names,
          ...signer,
          '-keyout',
          key,
          '-out',
          certificate,
        ],
        { stdio: 'pipe' },
      );
      return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
    };
    return {
      authority: make('authority', 'test-authority', null),
      server: make('server', 'localhost', 'authority'),
      nextServer: make('next-server', 'localhost', 'authority'),
      client: make('client', 'alice', 'authority'),
      stranger: make('stranger', 'mallory', null),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
