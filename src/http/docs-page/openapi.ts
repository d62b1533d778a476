/** The OpenAPI description, made of the route rows and nothing else. */
import type { JsonSchema, RouteResponse, RouteRow } from '../route-row.ts';

export interface ApiNames {
  readonly version: string;
}

const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';

/** What every JSON answer has beside its own members. */
const ENVELOPE: JsonSchema = {
  type: 'object',
  properties: {
    node: { type: 'string', description: 'The node that answered.' },
    correlation_id: { type: 'string', description: 'As X-Correlation-ID.' },
  },
};

const ERROR: JsonSchema = {
  type: 'object',
  properties: {
    success: { type: 'boolean', const: false },
    error: { type: 'string' },
    node: { type: 'string' },
    correlation_id: { type: 'string' },
  },
  required: ['error'],
};

/** What any route may answer, unless its row says otherwise. */
const COMMON: Readonly<Record<string, string>> = {
  400: 'The request is not as it must be',
  421: 'The host is not served here',
  429: 'Too many requests from this address',
};
const WITH_LOGIN: Readonly<Record<string, string>> = {
  401: 'Log in',
  403: 'The user may not',
};

export function describeApi(rows: readonly RouteRow[], { version }: ApiNames): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const row of rows) {
    const path = row.path.replace(/:(\w+)/g, '{$1}');
    const operations = (paths[path] ??= {});
    operations[row.method.toLowerCase()] = describeRoute(row);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'HyperCache',
      version,
      description:
        'Every answer has an `X-Correlation-ID`: the one of the request, else a new one. A key ' +
        'in a path may hold any bytes, percent-encoded, and `/`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: [...new Set(rows.map((row) => row.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Envelope: ENVELOPE, Error: ERROR },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer', description: 'The password of `default`.' },
      },
    },
  };
}

function describeRoute(row: RouteRow): JsonSchema {
  const isOpen = row.access.by === 'open';
  const parameters = [...pathParameters(row), ...queryParameters(row)];
  return {
    operationId: row.operationId,
    summary: row.summary,
    tags: [row.tag],
    security: isOpen ? [] : [{}, { basic: [] }, { bearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(row.body === undefined ? {} : { requestBody: describeBody(row.body) }),
    responses: describeResponses(row, isOpen),
  };
}

function pathParameters({ path }: RouteRow): JsonSchema[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: RouteRow): JsonSchema[] {
  if (query === undefined) return [];
  const required = (query['required'] ?? []) as string[];
  return Object.entries((query['properties'] ?? {}) as Record<string, JsonSchema>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    }),
  );
}

function describeBody({ schema, takesBytes }: NonNullable<RouteRow['body']>): JsonSchema {
  return {
    required: true,
    content: {
      [JSON_TYPE]: { schema },
      ...(takesBytes === true ? { [BYTES_TYPE]: { schema: {} } } : {}),
    },
  };
}

function describeResponses(row: RouteRow, isOpen: boolean): JsonSchema {
  const responses: Record<string, JsonSchema> = {};
  const usual = isOpen ? COMMON : { ...COMMON, ...WITH_LOGIN };
  for (const [status, description] of Object.entries(usual)) {
    responses[status] = describeResponse(status, { description });
  }
  if (/:(store)\b/.test(row.path)) {
    responses['404'] = describeResponse('404', { description: 'There is no such store' });
  }
  for (const [status, response] of Object.entries(row.responses)) {
    responses[status] = describeResponse(status, response);
  }
  return responses;
}

function describeResponse(status: string, response: RouteResponse): JsonSchema {
  const { contentType = JSON_TYPE, description } = response;
  return { description, content: { [contentType]: { schema: answerSchema(status, response) } } };
}

function answerSchema(status: string, { contentType, schema }: RouteResponse): JsonSchema {
  if (contentType !== undefined) return schema ?? { type: 'string' };
  if (schema === undefined) {
    return { $ref: `#/components/schemas/${status < '400' ? 'Envelope' : 'Error'}` };
  }
  return { allOf: [schema, { $ref: '#/components/schemas/Envelope' }] };
}
