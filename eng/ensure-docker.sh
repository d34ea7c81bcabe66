#!/usr/bin/env bash
# Makes sure that a container engine answers: does nothing when one does, else installs Debian's and starts it.
# Where no init system runs (a container, a minimal VM) dockerd is started by hand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

answers() { docker info >/dev/null 2>&1; }
answers && exit 0

# A docker that is there but asks for rights is a matter of groups, not of packages.
if docker info 2>&1 | grep -qi 'permission denied'; then
  echo "ensure-docker: the engine's socket refuses $(id -un); add the user to the docker group or run as root" >&2
  exit 1
fi

eng/ensure-packages.sh docker.io iptables ca-certificates
answers && exit 0

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)

if [[ -d /run/systemd/system ]]; then
  "${as_root[@]}" systemctl start docker
else
  # A pid file that outlived its process keeps dockerd from starting.
  pid_file=/var/run/docker.pid
  if [[ -f $pid_file ]] && ! kill -0 "$(cat "$pid_file")" 2>/dev/null; then
    "${as_root[@]}" rm -f "$pid_file"
  fi
  # --ip: published ports are for this machine alone.
  "${as_root[@]}" sh -c 'exec setsid dockerd --ip 127.0.0.1 >/var/log/dockerd.log 2>&1 </dev/null &'
fi

deadline=$((SECONDS + 60))
until answers; do
  if ((SECONDS >= deadline)); then
    echo "ensure-docker: the engine did not answer within 60 s" >&2
    [[ -r /var/log/dockerd.log ]] && tail -n 20 /var/log/dockerd.log >&2
    exit 1
  fi
  sleep 0.2
done
echo "ensure-docker: engine $(docker version --format '{{.Server.Version}}') is up"
