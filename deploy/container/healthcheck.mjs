/**
 * HEALTHCHECK of the image, which has no curl: whether the node of this container is ready. The
 * certificate is not checked: it is this node's own, and names it by another name than this one.
 */
import http from 'node:http';
import https from 'node:https';

const TIMEOUT_MS = 4_000;
const { HYPERCACHE_HTTP_PORT: port = '9080', HYPERCACHE_HTTP_TLS: tls = 'no' } = process.env;
const isSecure = /^(yes|true|on|1)$/i.test(tls);
const request = (isSecure ? https : http).get({
  host: '127.0.0.1',
  port,
  path: '/health/ready',
  rejectUnauthorized: false,
  timeout: TIMEOUT_MS,
});
request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
request.on('error', (error) => fail(error.message));
request.on('response', (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`/health/ready says ${response.statusCode}`);
});

function fail(reason) {
  process.stderr.write(`not ready: ${reason}\n`);
  process.exitCode = 1;
}
