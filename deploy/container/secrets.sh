#!/bin/sh
# Prints a password and a cluster key as environment lines, random ones.
set -eu
random() {
  od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}
printf 'HYPERCACHE_REQUIREPASS=%s\nHYPERCACHE_CLUSTER_KEY=%s\n' "$(random 24)" "$(random 32)"
