/** docs/http-api.md: every route of the route table. */

const TITLES = {
  cache: 'Keys',
  stores: 'Stores',
  filter: 'Filters',
  commands: 'Any command',
  cluster: 'Cluster',
  admin: 'Operation',
  events: 'Live figures and log lines',
  health: 'Health',
  docs: 'The description',
  page: 'The page',
};

const HEAD = '| route | | takes | answers | for who may |\n|---|---|---|---|---|';

/** @param rows  ROUTES of src/http/route-table.ts */
export function httpPage(rows) {
  const strays = rows.filter(({ tag }) => TITLES[tag] === undefined);
  if (strays.length > 0) throw new Error(`no heading for the tag ${strays[0].tag}`);
  const sections = Object.entries(TITLES).map(([tag, title]) => {
    const lines = rows.filter((row) => row.tag === tag).map(lineOf);
    return [`### ${title}`, HEAD, ...lines].join('\n');
  });
  return `${INTRODUCTION}\n${sections.join('\n\n')}\n\n## What is taken\n${membersTable(rows)}\n`;
}

function lineOf(row) {
  const address = row.path.replace(/:(\w+)/g, '{$1}');
  const takes = membersOf(row).map(({ name }) => `\`${name}\``);
  const answers = Object.keys(row.responses).join(', ');
  const cells = [`\`${row.method} ${address}\``, row.summary, takes.join(' '), answers, whoOf(row)];
  return `| ${cells.join(' | ')} |`;
}

function whoOf({ access }) {
  if (access.by === 'open') return 'anybody';
  // The route of any command says so in words.
  return access.command.startsWith('the ') ? access.command : `\`${access.command.toUpperCase()}\``;
}

/** Members of the query and of the body. */
function membersOf({ query, body }) {
  const properties = { ...query?.properties, ...body?.schema.properties };
  return Object.entries(properties).map(([name, { description }]) => ({ name, description }));
}

/** Each member that needs a word, once. */
function membersTable(rows) {
  const told = new Map();
  for (const row of rows) {
    for (const { name, description } of membersOf(row)) {
      if (description !== undefined) told.set(name, description);
    }
  }
  const lines = [...told].sort().map(([name, text]) => `| \`${name}\` | ${text} |`);
  return `| member | |\n|---|---|\n${lines.join('\n')}`;
}

const INTRODUCTION = `# HTTP API
Made of the route table by \`npm run docs\`; do not edit. The node describes the same as OpenAPI
(\`/api/openapi.json\`) and, to try it, at \`/docs\`; for Postman there is [a
collection](hypercache.postman_collection.json). Port 9080 unless \`network.http_port\` says
otherwise.

## Keys
A value is any JSON; what Redis clients wrote is read as text, array or object, and what is written
here is what they expect.
\`\`\`sh
J='content-type: application/json'
curl -s -X PUT localhost:9080/api/cache/user:1 -H "$J" \\
  -d '{"value": {"name": "Ada"}, "ttl": "30m"}'           # "success":true,"message":"Value stored"
curl -s localhost:9080/api/cache/user:1                   # "value":{"name":"Ada"},"ttl_ms":
curl -s localhost:9080/api/cache/nosuch                   # "error":"Key not found"
curl -s -X PUT localhost:9080/api/cache/user:1 -H "$J" \\
  -d '{"value": 1, "nx": true}'                           # "success":false
redis-cli -p 8080 HSET cart apples 2                      # (integer) 1
curl -s localhost:9080/api/cache/cart                     # "value":{"apples":"2"},"type":"hash"
curl -s -X DELETE localhost:9080/api/cache/cart           # "existed":true
\`\`\`
Bytes, as they are:
\`\`\`sh
printf '\\001\\002' > two.bin
curl -s -X PUT 'localhost:9080/api/cache/logo?ttl=1h' -H 'content-type: application/octet-stream' \\
  --data-binary @two.bin                                  # "length":2
curl -s localhost:9080/api/cache/logo -H 'accept: application/octet-stream' | cmp - two.bin
\`\`\`
Up to 1,000 at once, each with a result of its own:
\`\`\`sh
J='content-type: application/json'
curl -s localhost:9080/api/cache/batch/set -H "$J" \\
  -d '{"items": [{"key": "a", "value": 1}, {"key": "b", "value": [2]}]}'         # "count":2
curl -s localhost:9080/api/cache/batch/get -H "$J" -d '{"keys": ["a", "c"]}'     # "found":false
\`\`\`
- A key is the rest of the path: any bytes, percent-encoded where need be, \`/\` too. Keys named
  \`stats\` or \`batch/...\` are reached through \`/api/stores/default/cache/\`.
- \`/api/stores/{store}/cache/{key}\` is the same in a named store
  ([stores-and-eviction.md](stores-and-eviction.md)).
- Numbers keep their digits. How each kind of value is stored and read is in
  [design/http.md](design/http.md#values).

## Answers
Every answer has \`node\` and \`correlation_id\`, and the header \`X-Correlation-ID\`: that of the
request, or a new one; it is in the log lines of every node that took part. Of what failed
\`success\` is false and \`error\` says why. \`local\`: this node's own copy answered.
\`replicated\`: another node has taken the write.
\`\`\`sh
curl -s -i localhost:9080/api/stores -H 'x-correlation-id: from-me'              # from-me
curl -s -o answer.txt -w '%{http_code}' localhost:9080/api/stores/nosuch         # 404
curl -s -X PATCH localhost:9080/api/cache/a                                      # "success":false
\`\`\`
Beside what each route answers: 400 not understood, 401 log in, 403 a rule, the origin or protected
mode forbids, 404 no such store, 405 with \`Allow\`, 413 body beyond \`http.body_max\`, 415 no
JSON, 421 not our host, 429 with \`Retry-After\`, 503 loading, busy, or too few nodes, 507 no room.

Login, once a password or users are set: \`Authorization: Basic\`, or \`Bearer\` with the password
of the default user ([security.md](security.md)).

## Routes
"For who may": the command that the user must be allowed. Each of \`items\` takes \`key\` and what
PUT takes.
`;
