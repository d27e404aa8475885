#!/bin/sh
# The installed command: the Node of this package on the bundle beside it. bin/etcdscope of the project does the same
# from a checkout; the reasons for the agent's options are told there.
self=$(readlink -f -- "$0") || exit 1
home=${self%/bin/etcdscope}

if [ "${1-}" = collector ] && [ ! -d "$home/node_modules/better-sqlite3" ]; then
  echo "etcdscope: this is the agent's package; the collector comes with the package etcdscope-collector" >&2
  exit 1
fi
if [ "${1-}" = agent ]; then
  export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-12}"
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
  exec "$home/bin/node" --disable-warning=ExperimentalWarning --max-semi-space-size=2 --v8-pool-size=0 --single-threaded \
    --always-sparkplug --no-opt --no-maglev --expose-gc "$home/lib/main.js" "$@"
fi
if [ "${1-}" = logs ]; then
  exec "$home/bin/node" --disable-warning=ExperimentalWarning --max-semi-space-size=4 "$home/lib/main.js" "$@"
fi
if [ "${1-}" = collector ]; then
  exec "$home/bin/node" --disable-warning=ExperimentalWarning --max-semi-space-size=16 --heap-growing-percent=60 \
    --no-allocation-site-pretenuring "$home/lib/main.js" "$@"
fi
exec "$home/bin/node" --disable-warning=ExperimentalWarning "$home/lib/main.js" "$@"
