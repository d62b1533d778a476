#!/bin/sh
# Installs the Debian programs that tests compare with: redis-server, redis-cli, redis-benchmark,
# redis-check-rdb, redis-check-aof, promtool and prometheus, which judge the metrics, strace, for syncs,
# serf, whose agents join our gossip, ip, which parts networks, chromium, which looks at the page, and a
# C compiler for the clock that a bench gives redis-server, zsh and fish, which complete our commands,
# curl, openssl and make, which pages of docs/ use.
# Without apt or root it only says what will be skipped, and fails when CI=true: there a skipped
# comparison must not look like a passed one.
set -eu

missing=''
for tool in redis-server redis-cli redis-benchmark promtool strace serf ip chromium cc zsh fish \
  curl openssl make; do
  command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
command -v go >/dev/null 2>&1 && [ -d /usr/share/gocode/src/github.com/Masterminds/sprig ] ||
  missing="$missing go"
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "installing test tools:$missing"
  # Debian would start a redis-server, a prometheus and a serf agent at once; nothing here wants them.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  packages=''
  case "$missing" in *redis*) packages='redis-server redis-tools' ;; esac
  case "$missing" in *promtool*) packages="$packages prometheus" ;; esac
  case "$missing" in *strace*) packages="$packages strace" ;; esac
  case "$missing" in *serf*) packages="$packages serf" ;; esac
  case "$missing" in *' ip'*) packages="$packages iproute2" ;; esac
  case "$missing" in *chromium*) packages="$packages chromium" ;; esac
  case "$missing" in *' cc'*) packages="$packages gcc libc6-dev" ;; esac
  case "$missing" in *' curl'*) packages="$packages curl ca-certificates" ;; esac
  case "$missing" in *' openssl'*) packages="$packages openssl" ;; esac
  case "$missing" in *' make'*) packages="$packages make" ;; esac
  case "$missing" in *' zsh'*) packages="$packages zsh" ;; esac
  case "$missing" in *' fish'*) packages="$packages fish" ;; esac
  case "$missing" in *' go'*)
    packages="$packages golang-go golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev" ;;
  esac
  # shellcheck disable=SC2086
  if apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null; then
    exit 0
  fi
  echo 'apt-get could not install them' >&2
fi

echo "not installed:$missing" >&2
echo 'skipped without them: comparisons with redis-server, redis-cli sessions, benches,' >&2
echo 'promtool on the metrics, syncs as strace sees them, gossip with serf agents,' >&2
echo 'parted networks, the page in a browser, completion in zsh and fish, bench:hitratio, pages of docs/' >&2
[ "${CI:-}" != true ] || exit 1
