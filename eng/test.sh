#!/usr/bin/env bash
# Builds everything and runs every check and test. Needs the .NET SDK, and Node 20 for two linters; on Debian it installs
# the rest itself. The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
# With CI=true restores are locked, a container engine is installed and started if none answers, and a test that is
# skipped for want of something fails; without it the container tests are skipped when no engine answers.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Debian packages that checks and tests call; one place, so that a machine is prepared in one go.
packages=(git ca-certificates haproxy nginx-light prometheus chromium iptables iproute2)

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
  local name=$1 began=$SECONDS exit_code=0
  shift
  echo "== $name"
  timeout --foreground --kill-after=10 600 "$@" || exit_code=$?
  conclude "$name" "$exit_code" "$((SECONDS - began))"
}

# conclude NAME EXIT_CODE SECONDS
conclude() {
  if (($2 == 0)); then
    passed=$((passed + 1))
    echo "== $1: ok, $3 s"
  else
    failed=$((failed + 1)) failures+=("$1")
    echo "== $1: FAILED, $3 s"
  fi
  return "$2"
}

# begin NAME COMMAND…: a check that runs beside those that follow.
# end NAME: waits for it, and shows what it said if it failed.
declare -A job job_began
trap 'kill $(jobs -p) 2>/dev/null' EXIT
begin() {
  local name=$1
  shift
  job_began[$name]=$SECONDS
  timeout --kill-after=10 900 "$@" >"$results/$name.log" 2>&1 &
  job[$name]=$!
}
end() {
  local exit_code=0
  wait "${job[$1]}" || exit_code=$?
  ((exit_code == 0)) || cat "$results/$1.log"
  conclude "$1" "$exit_code" "$((SECONDS - job_began[$1]))"
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
  if [[ $suite_failed -gt 0 ]]; then failures+=("$name: $suite_failed$(failed_tests "$report")"); fi
  echo "== $name: $suite_passed passed, $suite_failed failed, $suite_skipped skipped, $((SECONDS - began)) s"
}

# counted WHAT REPORT: a number of a report's counters; 0 where there is no report.
counted() {
  local number
  number=$(sed -nE "s/.*<Counters [^>]*\b$1=\"([0-9]+)\".*/\1/p" "$2" 2>/dev/null)
  echo "${number:-0}"
}

# failed_tests REPORT: which tests failed, with what they said and the first of our lines in the stack trace. Said again at
# the end because the place where they failed may be far up, or cut off, in a log.
failed_tests() {
  [[ -r $1 ]] || return 0
  awk '
    /<UnitTestResult / { test = / outcome="Failed"/ ? $0 : ""; sub(/.* testName="/, "", test); sub(/".*/, "", test); if (test) print "\n  " test }
    test && /<Message>/ { message = 1; lines = 0 }
    test && message && lines++ < 8 { line = $0; gsub(/<[^>]*>/, "", line); print "    " line }
    /<\/Message>/ { message = 0 }
    test && / in .*\.cs:line / { line = $0; gsub(/<[^>]*>/, "", line); print "   " line; test = "" }
  ' "$1" | sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#x[0-9A-F]*;//g; s/&amp;/\&/g'
}

check 'packages' eng/ensure-packages.sh "${packages[@]}" || finish
check 'linters' npm ci --prefix eng/lint --no-audit --no-fund --silent
if [[ ${CI:-} == true ]] || docker info >/dev/null 2>&1; then
  # Compiled ahead of time, which keeps one core for two minutes: the build and the format check have the other meanwhile.
  check 'container engine' eng/ensure-docker.sh && check 'base images' eng/base-images.sh \
    && begin image docker build --quiet --tag echoservice:tests --build-arg REVISION="$(git rev-parse HEAD)" .
else
  echo 'container tests: skipped, no container engine answers; CI=true eng/test.sh installs one and runs them'
fi

check 'restore' dotnet restore EchoService.sln || finish
check 'build' dotnet build EchoService.sln --configuration Release --no-restore -warnaserror || finish
# White space alone: the rules of style are errors of the build already, and to look at them again takes two minutes.
check 'format' dotnet format whitespace EchoService.sln --no-restore --verify-no-changes
if [[ -n ${job[image]:-} ]] && end image; then
  export ECHO_IMAGE=echoservice:tests
  # What the guard measures; linking the same once more would take as long again.
  export ECHO_NATIVE=$PWD/artifacts/native
  rm -rf "$ECHO_NATIVE"
  id=$(docker create "$ECHO_IMAGE") && docker cp "$id:/app" "$ECHO_NATIVE" >/dev/null && docker rm "$id" >/dev/null
fi
suite 'tests' "$results/tests.trx" \
  dotnet test tests/EchoService.IntegrationTests --configuration Release --no-build \
  --logger "trx;LogFileName=$results/tests.trx" --blame-hang-timeout 5m --blame-hang-dump-type none --results-directory "$results"

# Fails on gross loss alone: CPU per message above twice a C epoll server's, or a managed allocation per message.
check 'speed guard' bench/run.sh --quick

finish
