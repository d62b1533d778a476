/** The least that an HTTP server of this Node costs: every request gets the same few bytes. */
import http from 'node:http';

const server = http.createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"success":true}');
});
server.listen(Number(process.argv[2]), '127.0.0.1');
