#!/usr/bin/env bash
# Writes docs/openapi.json anew from the code. The test that compares the two does it, since it has the service running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p docs
UPDATE_OPENAPI=1 dotnet test tests/EchoService.IntegrationTests --configuration Release \
  --filter 'FullyQualifiedName~ApiDocumentTests.IsTheCommittedOne' --nologo --verbosity quiet
git --no-pager diff --stat -- docs/openapi.json
