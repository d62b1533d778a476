/**
 * Sessions of an Express application: all its processes share them, and they outlive a restart.
 *
 *     npm install express express-session connect-redis redis
 *     SESSION_SECRET=... node server.mjs
 *     curl -c jar -b jar localhost:3000        # as often as you like
 */
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

const { PORT = '3000', REDIS_URL = 'redis://localhost:8080', SESSION_SECRET } = process.env;
if (SESSION_SECRET === undefined) throw new Error('SESSION_SECRET is not set');

const client = createClient({ url: REDIS_URL });
// Without a listener a lost connection would end the process; the client connects again by itself.
client.on('error', (error) => console.error(error.message));
await client.connect();

const app = express();
app.use(
  session({
    store: new RedisStore({ client, prefix: 'session:' }),
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    // The session's time to live; each visit begins it anew.
    cookie: { maxAge: 30 * 60_000, sameSite: 'lax' },
    rolling: true,
  }),
);
app.get('/', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.json({ visits: request.session.visits });
});
app.post('/leave', (request, response) => {
  request.session.destroy(() => response.json({ left: true }));
});

const server = app.listen(Number(PORT), () => {
  console.log(`listening on ${server.address().port}`);
});
process.once('SIGTERM', () => {
  server.close(() => client.close());
  server.closeIdleConnections();
});
