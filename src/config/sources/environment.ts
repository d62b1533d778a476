import { environmentNames, findByEnvironmentName } from '../config-table.ts';
import { suggest } from '../did-you-mean.ts';
import type { Source } from './raw-setting.ts';
import { emptySource } from './raw-setting.ts';

export const ENVIRONMENT_PREFIX = 'HYPERCACHE_';

/** Names the file to read, as `--config` does. Not a setting. */
export const CONFIG_FILE_VARIABLE = 'HYPERCACHE_CONFIG';

/** What tools log in with at a running node. Not a setting. */
export const PASSWORD_VARIABLE = 'HYPERCACHE_PASSWORD';

const NO_SETTINGS: readonly string[] = [CONFIG_FILE_VARIABLE, PASSWORD_VARIABLE];

/**
 * Kubernetes sets these in every container for a service named hypercache or hypercache-something:
 * addresses of the service, not settings of ours.
 */
const KUBERNETES_NAME =
  /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const KUBERNETES_VALUE = /^(tcp|udp|sctp):\/\//;

export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Source {
  const source = emptySource();
  for (const variable of Object.keys(environment).sort()) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || NO_SETTINGS.includes(variable)) continue;
    const text = environment[variable] ?? '';
    if (KUBERNETES_NAME.test(variable) || KUBERNETES_VALUE.test(text)) continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length);
    if (findByEnvironmentName(name) === undefined) {
      const hint = suggest(name, environmentNames()).replace("'", `'${ENVIRONMENT_PREFIX}`);
      source.problems.push({ where: variable, reason: `unknown setting${hint}` });
      continue;
    }
    source.settings.push({
      name,
      form: 'environment',
      words: [text],
      isList: false,
      source: 'environment',
      where: variable,
    });
  }
  return source;
}
