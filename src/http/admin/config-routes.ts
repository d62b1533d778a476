/** Settings over HTTP: CONFIG GET and, of the level of the log, CONFIG SET. */
import type { LogLevel } from '../../base/configuration.ts';
import type { ReplyValue } from '../../protocol/reply-values.ts';
import {
  type RouteAnswer,
  type RouteRequest,
  type RouteRow,
  refusal,
  replyRefusal,
} from '../route-row.ts';
import { objectOf, runCommand } from '../run-command.ts';

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'verbose', 'info', 'warn', 'error', 'fatal'];

const LEVEL_SETTING = 'logging.level';
const MASK = '***';

const LEVEL_SCHEMA = {
  type: 'object',
  properties: { level: { type: 'string', enum: LEVELS } },
  required: ['level'],
};

export const CONFIG_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/api/config',
    operationId: 'getConfig',
    summary: 'Tells the settings that hold now, by section; secrets are masked',
    tag: 'admin',
    access: { by: 'door', command: 'config get' },
    responses: {
      200: {
        description: 'Each setting as text, as CONFIG GET tells it',
        schema: {
          type: 'object',
          properties: {
            config: { type: 'object', additionalProperties: { type: 'object' } },
          },
        },
      },
    },
    handle: getConfig,
  },
  {
    method: 'GET',
    path: '/api/admin/log-level',
    operationId: 'getLogLevel',
    summary: 'Tells the level from which on lines are logged',
    tag: 'admin',
    access: { by: 'route', command: 'config get' },
    responses: { 200: { description: 'The level', schema: LEVEL_SCHEMA } },
    handle({ services }) {
      return { status: 200, facts: { success: true, level: services.configuration.logging.level } };
    },
  },
  {
    method: 'PUT',
    path: '/api/admin/log-level',
    operationId: 'setLogLevel',
    summary: 'Changes the level from which on lines are logged, until the next start',
    tag: 'admin',
    access: { by: 'door', command: 'config set' },
    body: { schema: LEVEL_SCHEMA },
    responses: {
      200: { description: 'It holds from now on' },
      400: { description: 'There is no such level' },
    },
    handle: setLogLevel,
  },
];

/** Redis' own parameters, which mean nothing here, are left out. */
function getConfig({ caller, services }: RouteRequest): RouteAnswer {
  const found = runCommand(caller, ['CONFIG', 'GET', '*.*']);
  if (caller.isError) return replyRefusal(caller);
  const config: Record<string, Record<string, ReplyValue>> = {};
  for (const [path, value] of Object.entries(objectOf(found))) {
    const dot = path.indexOf('.');
    const section = path.slice(0, dot);
    if (section === 'redis') continue;
    config[section] ??= {};
    const isHidden = services.settings.isSecret(path) && value !== '';
    config[section][path.slice(dot + 1)] = isHidden ? MASK : value;
  }
  return { status: 200, facts: { success: true, config } };
}

function setLogLevel({ body, caller, services }: RouteRequest): RouteAnswer {
  const { level } = (body ?? {}) as { level?: LogLevel };
  if (level === undefined || !LEVELS.includes(level)) {
    return refusal(400, `level: must be one of ${LEVELS.join(', ')}`, { field: 'level' });
  }
  const { logging } = services.configuration;
  const before = logging.level;
  runCommand(caller, ['CONFIG', 'SET', LEVEL_SETTING, level]);
  if (caller.isError) return replyRefusal(caller);
  const facts = { level: logging.level, previous_level: before };
  return { status: 200, facts: { success: true, ...facts } };
}
