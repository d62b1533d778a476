# syntax=docker/dockerfile:1
# The image runs what the npm package holds, and nothing else: one package without dependencies,
# without native code, so one recipe serves amd64 and arm64.
ARG NODE_VERSION=24

# What is built is the same on every machine: it is built on the machine's own, not emulated.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run --silent build -- --no-types \
  && npm pack --ignore-scripts --pack-destination /tmp \
  && mkdir -p /image/bin /image/hypercache /image/data \
  && tar -xzf /tmp/*.tgz -C /image/hypercache --strip-components=1 \
  && ln -s /opt/hypercache/dist/main.js /image/bin/hypercache

FROM node:${NODE_VERSION}-slim
LABEL org.opencontainers.image.title="HyperCache" \
  org.opencontainers.image.description="A Redis-compatible distributed cache" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /image/hypercache /opt/hypercache
COPY --from=build /image/bin /usr/local/bin
COPY --from=build --chown=1000:1000 /image/data /var/lib/hypercache
# For log files, where they are asked for: a volume that is mounted here belongs to the node.
COPY --from=build --chown=1000:1000 /image/data /var/log/hypercache
COPY --chmod=755 deploy/container/start.sh deploy/container/healthcheck.mjs /opt/hypercache/container/

# Every setting of docs/settings.md has a variable; these are those that differ in a container. All
# addresses of it are bound: other containers, and the ports that are published, come from outside.
ENV NODE_ENV=production \
  HYPERCACHE_DATA_DIR=/var/lib/hypercache \
  HYPERCACHE_RESP_BIND_ADDR=* \
  HYPERCACHE_HTTP_BIND_ADDR=0.0.0.0 \
  HYPERCACHE_GOSSIP_BIND_ADDR=0.0.0.0

WORKDIR /var/lib/hypercache
VOLUME /var/lib/hypercache
# By number: Kubernetes' runAsNonRoot does not look names up.
USER 1000:1000
# RESP, HTTP, gossip, links between nodes.
EXPOSE 8080 9080 7946/tcp 7946/udp 6946
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "/opt/hypercache/container/healthcheck.mjs"]
ENTRYPOINT ["/opt/hypercache/container/start.sh"]
CMD ["start"]
