/** What the settings say, whether or not a node runs with them. */
import { isLocalAddress } from '../../../base/local-address.ts';
import { describeProblem } from '../../../config/sources/raw-setting.ts';
import {
  type CheckRow,
  type Finding,
  type Findings,
  failure,
  good,
  notice,
  type Patient,
  warning,
} from '../check-row.ts';
import { readSystemText } from '../system-files.ts';

const ALWAYS = ['stopped', 'here', 'afar'] as const;

export const SETTING_CHECKS: readonly CheckRow[] = [
  {
    name: 'settings',
    about: 'file, environment and flags are understood; what is accepted without effect is told',
    stages: ['stopped'],
    look: checkSettings,
  },
  {
    name: 'password',
    about: 'who reaches the RESP and HTTP ports from other machines needs a password',
    stages: ALWAYS,
    look: checkPassword,
  },
  {
    name: 'encryption',
    about: 'passwords and data do not cross the network in the clear',
    stages: ALWAYS,
    look: checkEncryption,
  },
  {
    name: 'certificate',
    about: 'the certificate is there, and does not end soon',
    stages: ['stopped', 'here'],
    look: checkCertificate,
  },
  {
    name: 'cluster-key',
    about: 'nodes that other machines reach share a secret',
    stages: ALWAYS,
    look: checkClusterKey,
  },
  {
    name: 'debug-commands',
    about: 'DEBUG and MODULE are not open to everybody',
    stages: ALWAYS,
    look: checkDebugCommands,
  },
  {
    name: 'durability',
    about: 'what is lost when the process or the machine dies',
    stages: ALWAYS,
    look: checkDurability,
  },
];

function checkSettings({ notices, problems }: Patient): Findings {
  const found: Finding[] = [
    ...problems.map((problem) =>
      failure(describeProblem(problem), 'a node does not start with it; see docs/settings.md'),
    ),
    ...notices.map((text) => notice(text)),
  ];
  return found.length === 0 ? good('a node would start with them') : found;
}

/** What is bound to the port, by setting, and reached from other machines. */
function publicAddresses({ configuration }: Patient): [setting: string, address: string][] {
  const { http, network } = configuration;
  const resp = network.respEnabled || configuration.tls.port !== 0 ? network.respBindAddresses : [];
  const bound: [string, string][] = resp.map((address) => ['network.resp_bind_addr', address]);
  if (http.enabled) bound.push(['network.http_bind_addr', network.httpBindAddr]);
  return bound
    .map(([setting, address]): [string, string] => [setting, address.replace(/^-/, '')])
    .filter(([, address]) => !isLocalAddress(address) && address !== 'localhost');
}

function checkPassword(patient: Patient): Findings {
  const [first] = publicAddresses(patient);
  if (first === undefined) return good('only this machine reaches the ports of clients');
  const { aclFile, requirepass, users } = patient.configuration.security;
  if (requirepass !== '') return good('there is a password');
  const [setting, address] = first;
  const advice =
    'set security.requirepass (HYPERCACHE_REQUIREPASS), or bind to an address of this machine only';
  // Whether the default user has a password there is known to the node alone.
  if (aclFile !== '' || users.length > 0) {
    return notice(`${setting} is ${address}: users and their passwords come from ACL rules`);
  }
  if (patient.configuration.network.protectedMode) {
    return warning(
      `${setting} is ${address} and there is no password: protected mode refuses other machines`,
      advice,
    );
  }
  return failure(
    `${setting} is ${address} without a password: whoever reaches it may read and drop everything`,
    advice,
  );
}

function checkEncryption(patient: Patient): Findings {
  const { configuration } = patient;
  const addresses = publicAddresses(patient);
  if (addresses.length === 0) return null;
  const { http, network } = configuration;
  const open = addresses.filter(([setting]) =>
    setting === 'network.http_bind_addr'
      ? !http.isTls
      : network.respEnabled && network.respPort > 0,
  );
  if (open.length === 0) return good('what other machines reach speaks TLS');
  const [setting, address] = open[0];
  return notice(
    `${setting} is ${address}, and what is sent there can be read on the way`,
    'tls.port with tls.cert_file and tls.key_file, http.tls; or a network that nobody else is in',
  );
}

const DAY_MS = 86_400_000;
const ENDS_SOON_DAYS = 21;

function checkCertificate({ configuration, world }: Patient): Findings {
  const { certFile, keyFile, port } = configuration.tls;
  if (port === 0 && !configuration.http.isTls) return null;
  const chain = readSystemText(world, certFile);
  if (chain === null) {
    return failure(`tls.cert_file ${certFile} cannot be read`, 'see its name and its permissions');
  }
  if (readSystemText(world, keyFile) === null) {
    return failure(`tls.key_file ${keyFile} cannot be read`, 'see its name and its permissions');
  }
  const endMs = world.ciphers.certificateEndMs(chain);
  const days = Math.floor((endMs - world.clock.wallMs()) / DAY_MS);
  const advice = 'renew it; SIGHUP or CONFIG SET makes a running node read it again';
  const date = new Date(endMs).toISOString().slice(0, 10);
  if (days < 0) return failure(`${certFile} has ended on ${date}`, advice);
  if (days < ENDS_SOON_DAYS) return warning(`${certFile} ends on ${date}, in ${days} days`, advice);
  return good(`${certFile} is good until ${date}`);
}

const KEY_LENGTH_MIN = 16;
const MASK = '***';

function checkClusterKey({ configuration }: Patient): Findings {
  const { cluster, network } = configuration;
  if (!cluster.enabled) return null;
  const isPublic = !isLocalAddress(network.gossipBindAddr);
  if (cluster.key === '') {
    if (!isPublic) return good('gossip and links stay on this machine');
    return failure(
      `network.gossip_bind_addr is ${network.gossipBindAddr}: without a key no node starts so`,
      'set cluster.key to the same long random text on all nodes: openssl rand -base64 32',
    );
  }
  if (cluster.key !== MASK && cluster.key.length < KEY_LENGTH_MIN) {
    return warning(
      `cluster.key has ${cluster.key.length} characters: it can be guessed`,
      'openssl rand -base64 32, the same on all nodes',
    );
  }
  return good('what goes between nodes is encrypted');
}

function checkDebugCommands({ configuration }: Patient): Findings {
  const { enableDebugCommand, enableModuleCommand, enableProtectedConfigs } =
    configuration.security;
  const open = [
    ['enable_debug_command', enableDebugCommand],
    ['enable_module_command', enableModuleCommand],
    ['enable_protected_configs', enableProtectedConfigs],
  ].filter(([, allowance]) => allowance === 'yes');
  if (open.length === 0) return good('they are not');
  const names = open.map(([name]) => `security.${name}`).join(', ');
  return warning(`everybody may use what ${names} allows`, "set it to 'local' or 'no'");
}

function checkDurability({ configuration }: Patient): Findings {
  const { appendOnly, enabled, savePoints, syncPolicy } = configuration.persistence;
  if (!enabled || (!appendOnly && savePoints.length === 0)) {
    return notice('nothing is kept: a node that starts again is empty', 'persistence.enabled=true');
  }
  if (!appendOnly) {
    const seconds = Math.min(...savePoints.map((point) => point.seconds));
    return notice(
      `only snapshots are kept: changes of ${seconds} s and more are lost with the process`,
      'persistence.strategy=hybrid',
    );
  }
  if (syncPolicy === 'no') {
    return notice(
      'the system decides when the log is on the disk: half a minute may be lost with the machine',
      'persistence.sync_policy=everysec',
    );
  }
  if (syncPolicy === 'always') return good('nothing that was answered is lost');
  return good('at most a second is lost with the machine, nothing with the process');
}
