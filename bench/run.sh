#!/usr/bin/env bash
# Builds the service, its peers and the load generator, then runs the bench.
# `bench/run.sh --help` lists the options; docs/performance.md says what is measured and how.
set -euo pipefail
cd "$(dirname "$0")/.."

out=artifacts/bench
cpu=1
for ((i = 1; i <= $#; i++)); do
  if [[ ${!i} == --load-cpu ]]; then
    next=$((i + 1))
    cpu=${!next:-1}
  fi
done

eng/ensure-packages.sh gcc libc6-dev liburing-dev golang-go util-linux iproute2 git
mkdir -p "$out"
cflags=(-O2 -g -Wall -Wextra -Werror)
gcc "${cflags[@]}" -o "$out/loadgen" bench/loadgen/loadgen.c
gcc "${cflags[@]}" -pthread -o "$out/echo_epoll" bench/peers/epoll/echo_epoll.c
gcc "${cflags[@]}" -o "$out/echo_uring" bench/peers/uring/echo_uring.c -luring
(cd bench/peers/go && go build -o "../../../$out/echo_go" .)
publish() { dotnet publish "$1" -c Release -o "$out/$2" --nologo -v quiet; }
# Linking it takes a minute and a half, so one that was linked elsewhere will do: what is in the image, if it runs here.
rm -rf "$out/service"
if [[ -n ${ECHO_NATIVE:-} ]] && "$ECHO_NATIVE/EchoService" --healthcheck --urls http://127.0.0.1:1 2>&1 | grep -q unhealthy; then
  cp -r "$ECHO_NATIVE" "$out/service"
else
  publish src/EchoService service
fi
# The same program as `dotnet run` starts it.
dotnet build src/EchoService -c Release -o "$out/service-jit" --nologo -v quiet
publish bench/peers/dotnet peers
if [[ $* =~ bare|epoll-cs ]]; then
  publish bench/peers/floor floor
fi
publish bench/EchoService.Bench bench

# In a network namespace of its own no firewall rule and no connection tracking of the machine adds to each packet's
# cost, and churn does not fill the machine's tables.
namespace=()
if unshare --net true 2>/dev/null; then
  namespace=(unshare --net sh -c 'ip link set lo up && exec "$@"' sh)
else
  echo "bench: no network namespace to be had (it takes root), so the machine's packet filter is measured too" >&2
fi

# The runner shares the load's core: it sleeps while a slice runs, and the server's core stays the server's.
exec "${namespace[@]}" taskset -c "$cpu" "$out/bench/echo-bench" --root "$PWD" "$@"
