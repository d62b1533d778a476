/**
 * docs/hypercache.postman_collection.json: the API description as a Postman collection, format 2.1.
 * A folder for each tag; what is asked for is made of the schemas. Run as a whole it changes three
 * keys and a store of its own, and begins a snapshot and a rewrite of the log.
 */

/** Values of what stands in paths. */
const PLACES = { key: 'postman:greeting', store: 'default', id: 'node-9', file: 'page.js' };
/** Requests about the store that one of them makes. */
const OWN_STORE = 'postman';
const OF_OWN_STORE = new Set(['getStore', 'dropStore']);
/** What is made comes before what asks for it, and is removed last. */
const ORDER = ['post', 'put', 'get', 'delete'];
/** Answers that any request may get, and that say that something is wrong with it. */
const WRONG = new Set(['400', '401', '403', '413', '415', '421', '429', '500', '507']);

const BODIES = {
  createStore: { name: OWN_STORE, eviction_policy: 'lru', max_memory: '1mb', default_ttl: '10m' },
  setLogLevel: { level: 'info' },
};
const ITEMS = [
  { key: 'postman:a', value: 1 },
  { key: 'postman:b', value: [2] },
];

/** @param description  of src/http/docs-page/openapi.ts describeApi */
export function postmanCollection(description) {
  const folders = new Map();
  for (const { name } of description.tags) folders.set(name, []);
  for (const [address, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (!answersJson(operation)) continue;
      folders.get(operation.tags[0]).push({ address, method, operation });
    }
  }
  const collection = {
    info: {
      name: 'HyperCache',
      description: description.info.description,
      version: description.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: {
      type: 'basic',
      basic: [pair('username', '{{user}}'), pair('password', '{{password}}')],
    },
    variable: [
      { key: 'origin', value: 'http://localhost:9080' },
      { key: 'user', value: 'default' },
      { key: 'password', value: '' },
    ],
    item: [...folders].filter(([, requests]) => requests.length > 0).map(folderOf),
  };
  return `${JSON.stringify(collection, null, 2)}\n`;
}

function pair(key, value) {
  return { key, value, type: 'string' };
}

/** Pages, scripts, archives and streams without an end are for other programs. */
function answersJson({ responses }) {
  const [, { content }] = Object.entries(responses).find(([status]) => status < '300');
  return /^(application\/json|text\/plain)$/.test(Object.keys(content)[0]);
}

function folderOf([name, requests]) {
  const rank = ({ method }) => ORDER.indexOf(method);
  // Sorting keeps the order of the description where ranks are equal.
  return { name, item: [...requests].sort((a, b) => rank(a) - rank(b)).map(itemOf) };
}

function itemOf({ address, method, operation }) {
  const { operationId, requestBody, responses, summary } = operation;
  const expected = Object.keys(responses).filter((status) => !WRONG.has(status));
  const body = requestBody === undefined ? {} : bodyOf(operation);
  return {
    name: summary,
    event: [
      {
        listen: 'test',
        script: {
          type: 'text/javascript',
          exec: [
            `pm.test('${operationId} answers', () => {`,
            `  pm.expect(pm.response.code).to.be.oneOf([${expected.join(', ')}]);`,
            '});',
          ],
        },
      },
    ],
    request: {
      method: method.toUpperCase(),
      ...(operation.security.length === 0 ? { auth: { type: 'noauth' } } : {}),
      header: requestBody === undefined ? [] : [pair('Content-Type', 'application/json')],
      ...body,
      url: urlOf(address, operation),
      description: summary,
    },
  };
}

function urlOf(address, { operationId, parameters = [] }) {
  const placeOf = (name) => (OF_OWN_STORE.has(operationId) ? OWN_STORE : PLACES[name]);
  const described = parameters.filter((parameter) => parameter.in === 'path');
  const query = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ description = '', name }) => ({ key: name, value: '', description, disabled: true }));
  const path = address
    .replace(/\{(\w+)\}/g, ':$1')
    .slice(1)
    .split('/');
  return {
    raw: `{{origin}}/${path.join('/')}`,
    host: ['{{origin}}'],
    path,
    ...(query.length === 0 ? {} : { query }),
    ...(described.length === 0
      ? {}
      : { variable: described.map(({ name }) => ({ key: name, value: placeOf(name) })) }),
  };
}

function bodyOf({ operationId, requestBody }) {
  const { schema } = requestBody.content['application/json'];
  const example = BODIES[operationId] ?? exampleOf(schema);
  const raw = JSON.stringify(example, null, 2);
  return { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } };
}

function exampleOf({ properties }) {
  if (properties.items !== undefined) return { items: ITEMS };
  if (properties.keys !== undefined) return { keys: ITEMS.map(({ key }) => key) };
  if (properties.command !== undefined) return { command: ['GET', PLACES.key] };
  if (properties.value !== undefined) return { value: 'hello', ttl: '10m' };
  throw new Error(`no example for ${Object.keys(properties).join(', ')}`);
}
