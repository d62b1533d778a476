/**
 * The page at /docs, as text: it needs no build of its own and no file at run time. Its script
 * makes everything from /api/openapi.json, by textContent only: no text becomes markup.
 */

export const DOCS_MARKUP = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>HyperCache API</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<header>
<h1>HyperCache API</h1>
<p id="about">Loading the description ...</p>
<p><a href="/api/openapi.json">openapi.json</a></p>
</header>
<main id="routes"></main>
<noscript>This page needs JavaScript; /api/openapi.json says the same.</noscript>
</body>
</html>
`;

export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --line: #8886;
  --soft: #8881;
  --good: #1a7f37;
  --bad: #c62828;
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { border-bottom: 1px solid var(--line); font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: .95rem; margin: 1rem 0 .25rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .4rem .6rem; }
details > div { padding: 0 .8rem .8rem; }
code, pre, textarea, .path { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); border-radius: .3rem; padding: .6rem; }
pre { max-height: 24rem; overflow: auto; }
.method { display: inline-block; font-weight: 700; min-width: 4.5rem; }
.about { opacity: .8; padding-left: .6rem; }
label { display: block; margin: .4rem 0; }
input, textarea, select { box-sizing: border-box; font-size: 1em; padding: .3rem; width: 100%; }
button { font-size: 1em; margin-top: .4rem; padding: .3rem 1rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
`;

export const DOCS_SCRIPT = `'use strict';
const METHODS = ['get', 'put', 'post', 'delete'];
const JSON_HEADERS = { 'content-type': 'application/json' };

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function pretty(value) {
  return element('pre', {}, JSON.stringify(value, null, 2));
}

function field(id, text, input) {
  input.id = id;
  return element('label', { for: id }, text, input);
}

/** An example of what a schema wants, to be edited. */
function sample(schema) {
  if (schema === undefined) return null;
  if ('example' in schema) return schema.example;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    const names = schema.required ?? Object.keys(schema.properties ?? {});
    return Object.fromEntries(names.map((name) => [name, sample(schema.properties?.[name])]));
  }
  if (type === 'array') return [sample(schema.items)];
  return { string: 'text', integer: 1, number: 1, boolean: true }[type] ?? 'value';
}

/** Slashes of a key may stand as they are; all else is encoded. */
function encodePath(name, text) {
  const encoded = encodeURIComponent(text);
  return name === 'key' ? encoded.replaceAll('%2F', '/') : encoded;
}

function addressOf(path, inputs) {
  let address = path;
  const query = new URLSearchParams();
  for (const { name, place, input } of inputs) {
    const value = input.value;
    if (place === 'path') address = address.replace('{' + name + '}', encodePath(name, value));
    else if (value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? address : address + '?' + text;
}

async function send(method, path, inputs, body, output) {
  output.replaceChildren('...');
  try {
    const response = await fetch(addressOf(path, inputs), {
      method: method.toUpperCase(),
      ...(body === null ? {} : { body: body.value, headers: JSON_HEADERS }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    output.replaceChildren(
      element('p', { class: response.ok ? 'good' : 'bad' },
        response.status + ' ' + response.statusText),
      element('pre', {}, isJson ? JSON.stringify(JSON.parse(text), null, 2) : text),
    );
  } catch (error) {
    output.replaceChildren(element('p', { class: 'bad' }, String(error)));
  }
}

function tryForm(method, path, operation) {
  const id = operation.operationId;
  const parts = [];
  const inputs = (operation.parameters ?? []).map((parameter) => {
    const input = element('input', { type: 'text', autocomplete: 'off' });
    if (parameter.in === 'path') input.value = parameter.name === 'store' ? 'default' : '';
    const about = parameter.description === undefined ? '' : ': ' + parameter.description;
    const { name, in: place } = parameter;
    parts.push(field(id + '-' + name, name + ' (' + place + ')' + about, input));
    return { name, place, input };
  });
  let body = null;
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  if (schema !== undefined) {
    body = element('textarea', { rows: '6', spellcheck: 'false' });
    body.value = JSON.stringify(sample(schema), null, 2);
    parts.push(field(id + '-body', 'body', body));
  }
  const output = element('div', { class: 'output', 'aria-live': 'polite' });
  const button = element('button', { type: 'button' }, 'Send');
  button.addEventListener('click', () => send(method, path, inputs, body, output));
  return [...parts, button, output];
}

function operationView(method, path, operation) {
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  const responses = Object.entries(operation.responses).map(([status, response]) =>
    element('details', {},
      element('summary', {}, element('code', {}, status), ' ' + response.description),
      element('div', {}, pretty(response.content ?? {}))));
  return element('details', { id: operation.operationId },
    element('summary', {},
      element('span', { class: 'method' }, method.toUpperCase()),
      element('span', { class: 'path' }, path),
      element('span', { class: 'about' }, operation.summary)),
    element('div', {},
      ...tryForm(method, path, operation),
      schema === undefined ? null : element('h3', {}, 'Body'),
      schema === undefined ? null : pretty(schema),
      element('h3', {}, 'Answers'),
      ...responses));
}

function show(api) {
  document.getElementById('about').textContent =
    'Version ' + api.info.version + '. ' + api.info.description;
  const routes = document.getElementById('routes');
  for (const { name } of api.tags) {
    const views = [];
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const method of METHODS) {
        const operation = operations[method];
        if (operation?.tags.includes(name)) views.push(operationView(method, path, operation));
      }
    }
    routes.append(element('section', {}, element('h2', {}, name), ...views));
  }
}

fetch('/api/openapi.json')
  .then((response) => (response.ok ? response.json() : Promise.reject(response.status)))
  .then(show)
  .catch((error) => {
    document.getElementById('about').textContent = 'The description cannot be had: ' + error;
  });
`;
