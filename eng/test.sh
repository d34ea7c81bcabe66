#!/usr/bin/env bash
# Builds everything and runs every check and test. Needs the .NET SDK, and Node 20 for two linters; on Debian it installs
# the rest itself. The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
# With CI=true restores are locked, a container engine is installed and started if none answers, and a test that is
# skipped for want of something fails; without it the container tests are skipped when no engine answers.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Debian packages that checks and tests call; one place, so that a machine is prepared in one go.
packages=(git ca-certificates haproxy nginx-light prometheus chromium)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
results=$PWD/artifacts/test-results
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

# suite NAME REPORT COMMAND…: a test run that leaves a report (.trx) from which the tests are counted.
# A run that fails without a failed test in its report (a crash, a hang, no report), or that ran no test at all, counts
# as one failure.
suite() {
  local name=$1 report=$2 began=$SECONDS exit_code=0 suite_passed suite_failed suite_skipped
  shift 2
  echo "== $name"
  timeout --foreground --kill-after=10 2400 "$@" || exit_code=$?
  suite_passed=$(counted passed "$report")
  suite_failed=$(($(counted executed "$report") - suite_passed))
  suite_skipped=$(($(counted total "$report") - suite_passed - suite_failed))
  if [[ $suite_failed -eq 0 ]] && ((exit_code != 0 || suite_passed == 0)); then suite_failed=1; fi
  passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
  if [[ $suite_failed -gt 0 ]]; then failures+=("$name: $suite_failed"); fi
  echo "== $name: $suite_passed passed, $suite_failed failed, $suite_skipped skipped, $((SECONDS - began)) s"
}

# counted WHAT REPORT: a number of a report's counters; 0 where there is no report.
counted() {
  local number
  number=$(sed -nE "s/.*<Counters [^>]*\b$1=\"([0-9]+)\".*/\1/p" "$2" 2>/dev/null)
  echo "${number:-0}"
}

check 'packages' eng/ensure-packages.sh "${packages[@]}" || finish
check 'linters' npm ci --prefix eng/lint --no-audit --no-fund --silent
if [[ ${CI:-} == true ]] || docker info >/dev/null 2>&1; then
  check 'container engine' eng/ensure-docker.sh && check 'base images' eng/base-images.sh
else
  echo 'container tests: skipped, no container engine answers; CI=true eng/test.sh installs one and runs them'
fi

check 'restore' dotnet restore EchoService.sln || finish
check 'build' dotnet build EchoService.sln --configuration Release --no-restore -warnaserror || finish
check 'format' dotnet format EchoService.sln --no-restore --verify-no-changes
# The image is built on the way, ahead of time and without a word: hence the patience.
suite 'tests' "$results/tests.trx" \
  dotnet test tests/EchoService.IntegrationTests --configuration Release --no-build \
  --logger "trx;LogFileName=$results/tests.trx" --blame-hang-timeout 15m --results-directory "$results"

# Fails on gross loss alone: CPU per message above twice a C epoll server's, or a managed allocation per message.
check 'speed guard' bench/run.sh --quick

finish
