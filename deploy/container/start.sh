#!/bin/sh
# What differs from container to container, where it was not said: the name of the node is that of its
# host (in Kubernetes the pod's), and who was given neither a key nor others to look for is a node of
# its own. The node itself takes the place of this shell, and so gets the signals.
set -eu

if [ -z "${HYPERCACHE_NODE_ID:-}" ]; then
  HYPERCACHE_NODE_ID=${HOSTNAME:-$(hostname)}
  export HYPERCACHE_NODE_ID
fi
if [ -z "${HYPERCACHE_CLUSTER_KEY:-}${HYPERCACHE_SEEDS:-}${HYPERCACHE_SEED_DNS:-}" ]; then
  export HYPERCACHE_CLUSTER_ENABLED="${HYPERCACHE_CLUSTER_ENABLED:-no}"
fi

exec node /opt/hypercache/dist/main.js "$@"
