#!/bin/sh
# Applies the local overlay and waits until all nodes are ready. The secrets are made once, at random,
# and stay in the cluster: applying again keeps them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

kubectl apply -f "$here/overlays/local/namespace.yaml"
if ! kubectl -n hypercache get secret hypercache >/dev/null 2>&1; then
  "$here/../container/secrets.sh" |
    sed -e 's/^HYPERCACHE_REQUIREPASS=/requirepass=/' -e 's/^HYPERCACHE_CLUSTER_KEY=/cluster-key=/' |
    kubectl -n hypercache create secret generic hypercache --from-env-file=/dev/stdin
fi
kubectl apply -k "$here/overlays/local"
kubectl -n hypercache rollout status statefulset/hypercache --timeout=10m
