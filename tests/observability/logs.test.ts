/** Lines of real nodes, through the configuration of Filebeat, into what the dashboards ask for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { EcsFlat } from '@elastic/ecs';
import { parse } from 'yaml';
import { ROOT, waitFor } from '../support/server.ts';
import { type Document, Filebeat, get, LOGS, leaves, readYaml } from './filebeat.ts';
import { fieldsOf, matches } from './lucene.ts';
import { logQueries, variableQueries } from './panels.ts';
import { type Stage, startStage } from './stage.ts';

const CORRELATION = 'req-4711';
const SECRET = 'the-value-that-nobody-may-see';

interface Field {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Field>>;
}

const TEMPLATE = readJson('elasticsearch/index-template.json');
/** `log.level` -> its type in Elasticsearch. */
const MAPPING = new Map(mappedFields(TEMPLATE.template.mappings.properties));
/** Given by Filebeat where there is such a thing. */
const OF_THE_PLACE = /^(container|kubernetes)\./;

test('what real nodes log', async (t) => {
  const stage = await startStage(t, ['--logging.enable_file=yes', '--logging.level=debug']);
  await work(stage);
  const files = stage.nodes.map((node) => path.join(node.dataDir, 'logs/hypercache.1.log'));
  const filebeat = new Filebeat('file');
  const ship = (): Document[] => files.flatMap((file) => shipFile(filebeat, file));
  await waitFor('the last line', 20_000, () => {
    return ship().some((one) => get(one, 'hypercache.names') !== undefined) || undefined;
  });
  const documents = ship();

  await t.test(
    'every field has a type in the index template, that of ECS, and a value of it',
    () => {
      const whole = (field: string) => MAPPING.get(field) === 'flattened';
      const seen = new Set<string>();
      for (const document of documents) {
        const { '@metadata': _metadata, ...stored } = document;
        for (const [field, value] of Object.entries(leaves(stored, whole))) {
          const type = MAPPING.get(field);
          assert.ok(type !== undefined, `${field} of ${JSON.stringify(document)}`);
          assert.ok(fits(type, value), `${field} is a ${type}: ${JSON.stringify(value)}`);
          seen.add(field);
        }
      }
      const missing = [...MAPPING.keys()].filter(
        (one) => !seen.has(one) && !OF_THE_PLACE.test(one),
      );
      assert.deepEqual(missing, [], 'no line has them');
      assert.deepEqual(
        filebeat.renames.filter((from) => !filebeat.renamed.has(from)),
        [],
        'renamed, and of no line',
      );
      assert.ok(!JSON.stringify(documents).includes(SECRET));
    },
  );

  await t.test(
    'every query of the dashboards finds lines, and counts them by what they have',
    () => {
      const queries = logQueries();
      assert.ok(queries.length >= 9);
      for (const { fields, panel, query } of queries) {
        const filled = query
          .replaceAll('$node', '(node-1 OR node-2 OR node-3)')
          .replaceAll(/\$(component|level)/g, '*')
          .replaceAll('$correlation', CORRELATION);
        const found = documents.filter((document) => matches(filled, document));
        assert.ok(found.length > 0, `${panel}: ${filled}`);
        for (const field of [...fields, ...fieldsOf(filled)]) {
          assert.ok(COUNTABLE.has(MAPPING.get(field) ?? ''), `${panel}: ${field}`);
          assert.ok(
            found.some((document) => get(document, field) !== undefined),
            `${panel}: ${field}`,
          );
        }
      }
      for (const query of variableQueries('elasticsearch')) {
        const { field, find } = JSON.parse(query);
        assert.equal(find, 'terms');
        assert.ok(new Set(documents.map((document) => get(document, field))).size > 2, field);
      }
    },
  );

  await t.test('one request is found on every node that had to do with it', () => {
    const nodes = documents
      .filter((document) => matches(`trace.id:${CORRELATION}`, document))
      .map((document) => get(document, 'service.node.name'));
    assert.deepEqual(new Set(nodes), new Set(['node-1', 'node-2', 'node-3']));
  });

  await t.test('a line is one document, however often it is sent', () => {
    const idOf = (document: Document | null) => get(document!, '@metadata._id');
    const ids = documents.map(idOf);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(ship().slice(0, ids.length).map(idOf), ids);
    const twins = [
      { path: '/a', offset: 0 },
      { path: '/a', offset: 9 },
      { path: '/b', offset: 0 },
    ].map((place) => idOf(filebeat.ship('the same words', place)));
    assert.equal(new Set(twins).size, twins.length);
  });

  await t.test('values are those of the line, durations in nanoseconds', () => {
    const line = fs
      .readFileSync(files[0]!, 'utf8')
      .split('\n')
      .find((one) => one.includes('"status":200'));
    const written = JSON.parse(line!);
    const document = filebeat.ship(line!, { path: files[0]!, offset: 0 })!;
    const duration = Number(get(document, 'event.duration'));
    assert.ok(Math.abs(duration - written.duration_ms * 1e6) < 1);
    for (const [field, value] of [
      ['@timestamp', written['@timestamp']],
      ['message', written.message],
      ['log.level', written.level],
      ['log.logger', written.component],
      ['event.action', written.action],
      ['service.node.name', 'node-1'],
      ['http.response.status_code', 200],
      ['url.path', written.fields.path],
    ]) {
      assert.equal(get(document, field), value, field);
    }
  });

  await t.test('of containers only the lines of nodes are taken', () => {
    const container = new Filebeat('container');
    const printed = stage.nodes[0]!.server.output().trimEnd().split('\n');
    const place = { path: '/var/lib/docker/containers/x/x-json.log', offset: 7 };
    assert.ok(printed.length > 10);
    for (const line of printed) assert.ok(container.ship(line, place) !== null, line);
    for (const line of ['{"level":"info","message":"of another program"}', 'plain text', '']) {
      assert.equal(container.ship(line, place), null, line);
    }
    const kubernetes = new Filebeat('kubernetes');
    // The last words of a process are kept where only its own lines are read.
    assert.equal(kubernetes.ship('FATAL ERROR', place)?.['message'], 'FATAL ERROR');
  });
});

test('fields of ECS have the types of ECS', () => {
  for (const [field, type] of MAPPING) {
    const known = EcsFlat[field as keyof typeof EcsFlat] as { type: string } | undefined;
    if (known !== undefined) assert.equal(type, known.type, field);
    else assert.match(field, /^(hypercache$|kubernetes\.|log\.offset$)/, `${field} is none of ECS`);
  }
});

test('one place is read, and only one: no line comes by two ways', () => {
  const { path: inputs } = (readYaml('filebeat.yml') as Record<string, { path: string }>)[
    'filebeat.config.inputs'
  ]!;
  const [, start, end] = /^\$\{path\.config\}\/(.*)\$\{HYPERCACHE_LOGS:file\}(\.yml)$/.exec(
    inputs,
  )!;
  const names = fs.readdirSync(path.join(LOGS, start!));
  assert.deepEqual(names.sort(), [`container${end}`, `file${end}`, `kubernetes${end}`]);
  for (const name of names) {
    const found = readYaml(`inputs.d/${name}`) as { type: string; id: string }[];
    assert.equal(found.length, 1);
    assert.equal(found[0]!.type, 'filestream');
    assert.equal(found[0]!.id, `hypercache-${path.basename(name, '.yml')}`);
  }
});

test('setup.sh puts lifecycle and template where they are looked for', async (t) => {
  const puts = new Map<string, Document>();
  const server = http.createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    puts.set(`${request.method} ${request.url}`, JSON.parse(Buffer.concat(pieces).toString()));
    assert.equal(request.headers.authorization, `Basic ${btoa('elastic:pw')}`);
    response.end('{"acknowledged":true}');
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const env = {
    ...process.env,
    ELASTICSEARCH_URL: `http://127.0.0.1:${port}`,
    ELASTICSEARCH_AUTH: 'elastic:pw',
  };
  const child = spawn('sh', [path.join(LOGS, 'setup.sh')], { env, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  const policy = TEMPLATE.template.settings['index.lifecycle.name'];
  assert.deepEqual(
    [...puts.keys()],
    [`PUT /_ilm/policy/${policy}`, 'PUT /_index_template/hypercache-logs'],
  );
  const { index_patterns } = puts.get('PUT /_index_template/hypercache-logs') as typeof TEMPLATE;
  const { index } = (readYaml('filebeat.yml') as Record<string, Document>)['output.elasticsearch']!;
  const [pattern] = index_patterns;
  assert.ok(String(index).startsWith(pattern!.replace('*', '')));
  const sources = parse(
    fs.readFileSync(
      path.join(ROOT, 'deploy/grafana/provisioning/datasources/hypercache.yml'),
      'utf8',
    ),
  ).datasources;
  const { jsonData } = sources.find(({ type }: { type: string }) => type === 'elasticsearch');
  assert.equal(jsonData.index, pattern);
  for (const field of [jsonData.timeField, jsonData.logMessageField, jsonData.logLevelField]) {
    assert.ok(MAPPING.has(field), field);
  }
});

/** What brings about a line of each kind. */
async function work({ nodes }: Stage): Promise<void> {
  const [first, second] = nodes as [Stage['nodes'][0], Stage['nodes'][0]];
  const headers = { 'x-correlation-id': CORRELATION, 'content-type': 'application/json' };
  for (const node of nodes) {
    const body = JSON.stringify({ value: SECRET });
    const put = await node.get('/api/cache/k', { method: 'PUT', headers, body });
    assert.equal(put.status, 200);
  }
  await second.get('/api/cache/none');
  await first.call('ACL', 'SETUSER', 'bob', 'on', '>pw', '~mine*', '+get');
  const bob = await first.connect();
  for (const words of [
    ['AUTH', 'bob', 'wrong'],
    ['AUTH', 'bob', 'pw'],
    ['GET', 'theirs'],
  ]) {
    await bob.call(...words);
  }
  // A port that somebody has.
  await first.call('CONFIG', 'SET', 'port', `${second.port}`);
  await first.call('CONFIG', 'SET', 'maxclients', '5000');
}

function shipFile(filebeat: Filebeat, file: string): Document[] {
  const documents: Document[] = [];
  let offset = 0;
  for (const line of fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const shipped = filebeat.ship(line, { path: file, offset });
    if (shipped !== null) documents.push(shipped);
    offset += Buffer.byteLength(line) + 1;
  }
  return documents;
}

/** Types that lines can be counted by, and found by their whole value. */
const COUNTABLE = new Set(['date', 'keyword', 'long']);

function fits(type: string, value: unknown): boolean {
  if (type === 'long') return Number.isSafeInteger(value);
  if (type === 'date') return typeof value === 'string' && !Number.isNaN(Date.parse(value));
  if (type === 'flattened') return typeof value === 'object';
  return typeof value === 'string';
}

function mappedFields(
  properties: Readonly<Record<string, Field>>,
  prefix = '',
): [string, string][] {
  return Object.entries(properties).flatMap(([name, field]): [string, string][] => {
    const whole = `${prefix}${name}`;
    return field.properties === undefined
      ? [[whole, field.type!]]
      : mappedFields(field.properties, `${whole}.`);
  });
}

function readJson(name: string): {
  readonly index_patterns: readonly string[];
  readonly template: {
    readonly settings: Readonly<Record<string, unknown>>;
    readonly mappings: { readonly properties: Readonly<Record<string, Field>> };
  };
} {
  return JSON.parse(fs.readFileSync(path.join(LOGS, name), 'utf8'));
}
