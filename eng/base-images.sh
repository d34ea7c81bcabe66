#!/usr/bin/env bash
# Makes sure that the base images which the Dockerfile names are there: pulls them, or, where no registry can be reached,
# makes stand-ins under the same names from the installed .NET SDK and Debian packages. The Dockerfile stays as it is.
# A stand-in carries the label echoservice.stand-in; an image that came from a registry is never replaced.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

image_of() { sed -nE "s|^FROM (--platform=[^ ]+ )?([^ ]*/dotnet/$1:[^ ]+).*|\2|p" Dockerfile; }
sdk_image=$(image_of sdk)
runtime_image=$(image_of runtime-deps)

# A stand-in is made anew when the SDK or a locked package changes, since the restore inside it has no network.
version=$({ dotnet --version; cat eng/base-images.sh src/*/packages.lock.json; } | sha256sum | cut -c1-16)

# present IMAGE: true when nothing need be done for it.
present() {
  local label
  if label=$(docker image inspect --format '{{with .Config.Labels}}{{index . "echoservice.stand-in"}}{{end}}' "$1" 2>/dev/null); then
    [[ -z $label || $label == "$version" ]]
  else
    timeout 300 docker pull --quiet "$1" 2>/dev/null
  fi
}

needed=()
for image in "$sdk_image" "$runtime_image"; do
  present "$image" || needed+=("$image")
done
[[ ${#needed[@]} -gt 0 ]] || exit 0

eng/ensure-packages.sh mmdebstrap ca-certificates
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")

# build IMAGE PATH…: builds $work/Dockerfile with the paths (as arguments of tar) for its context; no copy is made on the way.
build() {
  local image=$1
  shift
  echo "base-images: no registry answers; making a stand-in for $image"
  tar -c -C "$work" Dockerfile rootfs.tar "$@" | docker build --quiet --tag "$image" --label "echoservice.stand-in=$version" - >/dev/null
}

# Like the SDK's variant for native code: with what links it.
make_sdk() {
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,libicu72,libssl3,gcc,libc6-dev,zlib1g-dev,tzdata bookworm "$work/rootfs.tar"
  # What the Dockerfile's restore asks for, as a folder that NuGet finds exact versions in. What the restore writes for
  # the build goes elsewhere than obj/, where it would send the next build here to this folder.
  local project
  for project in EchoService EchoService.Probe; do
    dotnet restore "src/$project" --locked-mode --use-current-runtime \
      --packages "$work/packages" -p:MSBuildProjectExtensionsPath="$work/obj/$project/" --verbosity quiet
  done
  cat >"$work/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD rootfs.tar /
COPY dotnet /usr/share/dotnet
COPY packages /root/.nuget/packages
ENV PATH=/usr/share/dotnet:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_RUNNING_IN_CONTAINER=true NuGetAudit=false
CMD ["bash"]
DOCKERFILE
  build "$sdk_image" -C "$(dirname "$dotnet_root")" --transform="s|^$(basename "$dotnet_root")|dotnet|" "$(basename "$dotnet_root")" -C "$work" packages
}

# Like the chiseled image: the libraries that native code loads, an unprivileged user, and neither shell nor package manager.
make_runtime() {
  mmdebstrap --quiet --variant=extract --include=libc6,libgcc-s1,libssl3,libstdc++6,zlib1g bookworm "$work/rootfs.tar"
  mkdir -p "$work"/etc/ssl/certs "$work"/home/app "$work"/tmp
  chmod 1777 "$work/tmp"
  cp /etc/ssl/certs/ca-certificates.crt "$work/etc/ssl/certs/"
  printf 'root:x:0:0:root:/root:/sbin/nologin\napp:x:1654:1654::/home/app:/sbin/nologin\n' >"$work/etc/passwd"
  printf 'root:x:0:\napp:x:1654:\n' >"$work/etc/group"
  cat >"$work/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD rootfs.tar /
COPY etc /etc
COPY tmp /tmp
COPY --chown=1654:1654 home/app /home/app
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    APP_UID=1654 ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_RUNNING_IN_CONTAINER=true DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true
USER $APP_UID
DOCKERFILE
  build "$runtime_image" etc tmp home
}

for image in "${needed[@]}"; do
  if [[ $image == "$sdk_image" ]]; then make_sdk; else make_runtime; fi
done
# Stand-ins that were replaced, over a gigabyte each.
docker image prune --force --filter label=echoservice.stand-in >/dev/null
