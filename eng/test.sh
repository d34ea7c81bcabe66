#!/usr/bin/env bash
# Builds everything and runs every check and test. Needs the .NET SDK and Node 20; on Debian it installs the rest itself.
# The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
# With CI=true restores are locked and a container engine is installed and started if none answers;
# without it the container tests are left out when no engine answers, and a line says so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD

# Debian packages that checks and tests call; one place, so that a machine is prepared in one go.
packages=(git ca-certificates haproxy prometheus chromium)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
results=$root/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"

passed=0 failed=0
failures=()

finish() {
  for failure in "${failures[@]}"; do echo "FAILED: $failure"; done
  echo "took $SECONDS s"
  echo "$passed passed, $failed failed"
  exit $((failed > 0))
}

# check NAME COMMAND…: one check, passed when the command exits with 0.
check() {
  local name=$1 began=$SECONDS
  shift
  echo "== $name"
  if timeout --foreground --kill-after=10 600 "$@"; then
    passed=$((passed + 1))
    echo "== $name: ok, $((SECONDS - began)) s"
  else
    failed=$((failed + 1)) failures+=("$name")
    echo "== $name: FAILED, $((SECONDS - began)) s"
    return 1
  fi
}

# suite NAME REPORT COMMAND…: a test run that leaves a report (.trx or vitest's .json) from which the tests are counted.
# A run that fails without a failed test in its report (a crash, a hang, no report), or that ran no test at all, counts
# as one failure.
suite() {
  local name=$1 report=$2 began=$SECONDS exit_code=0 suite_passed=0 suite_failed=0 suite_skipped=0
  shift 2
  echo "== $name"
  timeout --foreground --kill-after=10 900 "$@" || exit_code=$?
  read -r suite_passed suite_failed suite_skipped < <(node "$root/eng/count-tests.mjs" "$report")
  if [[ $suite_failed -eq 0 ]] && ((exit_code != 0 || suite_passed == 0)); then suite_failed=1; fi
  passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
  if [[ $suite_failed -gt 0 ]]; then failures+=("$name: $suite_failed"); fi
  echo "== $name: $suite_passed passed, $suite_failed failed, $suite_skipped skipped, $((SECONDS - began)) s"
}

check 'packages' eng/ensure-packages.sh "${packages[@]}" || finish

# C#
check 'restore' dotnet restore EchoService.sln || finish
check 'build' dotnet build EchoService.sln --configuration Release --no-restore -warnaserror || finish
check 'format' dotnet format EchoService.sln --no-restore --verify-no-changes
suite 'integration tests' "$results/integration.trx" \
  dotnet test tests/EchoService.IntegrationTests --configuration Release --no-build \
  --logger "trx;LogFileName=$results/integration.trx" --blame-hang-timeout 5m --results-directory "$results"

# Fails on gross loss alone: CPU per message above twice a C epoll server's, or a managed allocation per message.
check 'speed guard' bench/run.sh --quick

check 'haproxy configuration' haproxy -c -f deploy/examples/proxy-protocol/haproxy.cfg

# TypeScript: checks of manifests and workflows and the status page in Chromium, which need no container engine, and the
# container tests, which do.
vitest() {
  suite "$1" "$results/$2.json" npx vitest run --project "$2" --reporter=default --reporter=json --outputFile.json="$results/$2.json"
}

cd tests/EchoService.ContainerTests || exit 1
if check 'npm ci' npm ci --no-audit --no-fund; then
  check 'typecheck' npm run --silent typecheck
  vitest 'manifests and workflows' checks
  vitest 'status page' page
  if [[ ${CI:-} == true ]] || docker info >/dev/null 2>&1; then
    check 'container engine' "$root/eng/ensure-docker.sh" &&
      check 'base images' "$root/eng/base-images.sh" &&
      vitest 'container tests' containers
  else
    echo 'container tests: not run, no container engine answers; CI=true eng/test.sh installs one and runs them'
  fi
fi
cd "$root" || exit 1

finish
