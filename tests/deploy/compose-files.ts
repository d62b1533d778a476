import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../support/server.ts';

export interface ComposeService {
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** As `docker compose config` gives it: anchors resolved, then variables put in. */
export function readCompose(
  name: string,
  variables: Readonly<Record<string, string>>,
): ComposeFile {
  const text = fs.readFileSync(path.join(ROOT, name), 'utf8');
  const fill = (_key: unknown, value: unknown) =>
    typeof value === 'string' ? interpolate(value, variables) : value;
  return parse(text, fill, { merge: true });
}

/** `${NAME}`, `${NAME:-default}`, `${NAME?message}`; a colon means: or if it is empty. */
export function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+)(?:(:?)([-?])([^}]*))?\}/g,
    (_whole, name: string, colon: string, kind: string, word: string) => {
      const value = variables[name];
      if (value !== undefined && !(colon === ':' && value === '')) return value;
      if (kind === '?') throw new Error(`${name} is required: ${word}`);
      return word ?? '';
    },
  );
}
