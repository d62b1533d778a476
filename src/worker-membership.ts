/** The thread of the gossip: see cluster/membership/worker/membership-worker.ts. */
import { serveMembership } from './cluster/membership/worker/serve-membership.ts';
import { openWorkerPort } from './world/real/worker-port.ts';
import { createRealWorld } from './world/real-world.ts';

serveMembership(openWorkerPort(), createRealWorld());
