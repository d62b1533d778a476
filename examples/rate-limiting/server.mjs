/**
 * At most 10 requests a minute from one address, counted over all processes of the service.
 *
 *     npm install ioredis rate-limiter-flexible
 *     node server.mjs
 *     curl -i localhost:3000                   # 200 ten times, then 429 with Retry-After
 */
import http from 'node:http';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

const { PORT = '3000', REDIS_URL = 'redis://localhost:8080' } = process.env;
const LIMIT = { points: 10, duration: 60 };

// Commands fail at once while there is no connection, and the limiter below goes on.
const redis = new Redis(REDIS_URL, {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
});
redis.on('error', (error) => console.error(error.message));
await redis.connect();
const limiter = new RateLimiterRedis({
  storeClient: redis,
  keyPrefix: 'limit',
  ...LIMIT,
  // Better to count in this process alone than to refuse everybody.
  insuranceLimiter: new RateLimiterMemory(LIMIT),
});

const server = http.createServer(async (request, response) => {
  try {
    const { remainingPoints } = await limiter.consume(request.socket.remoteAddress);
    response.setHeader('RateLimit-Remaining', remainingPoints);
    response.end('welcome\n');
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    response.writeHead(429, { 'Retry-After': Math.ceil(refusal.msBeforeNext / 1000) });
    response.end('too many requests\n');
  }
});
server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`));
process.once('SIGTERM', () => {
  server.close(() => redis.disconnect());
  server.closeIdleConnections();
});
