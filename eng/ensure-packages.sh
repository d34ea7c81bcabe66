#!/usr/bin/env bash
# Installs the named Debian packages that are missing; does nothing, and needs no rights, when none is.
# A package whose command is there from elsewhere is not missing: a runner may have its own chromium or node.
# Usage: eng/ensure-packages.sh docker.io haproxy …
set -euo pipefail

missing=()
for package in "$@"; do
  command -v "$package" >/dev/null || dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "ensure-packages: missing ${missing[*]}; install them as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

echo "ensure-packages: installing ${missing[*]}"
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" >/dev/null
}
# The package lists may be absent or name versions that the mirror has replaced: refresh them once, then try again.
install 2>/dev/null || { "${as_root[@]}" apt-get update --quiet=2 && install; }
