import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, root } from '../support/repository.ts';

// That the document is what the code serves is the C# suite's to say (ApiDocumentTests).
const lint = (document: string) => {
  const run = spawnSync('npx', ['redocly', 'lint', document, '--config', 'redocly.yaml'], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  return { status: run.status, output: run.stdout + run.stderr };
};

describe('docs/openapi.json', () => {
  test('passes the linter', () => {
    const { status, output } = lint(join(root, 'docs/openapi.json'));
    expect(status, output).toBe(0);
  });

  test('would not pass it with a fault', () => {
    const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
    try {
      const document = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, { get: { operationId?: string } }> };
      delete document.paths['/stats']!.get.operationId;
      writeFileSync(join(folder, 'openapi.json'), JSON.stringify(document));
      const { status, output } = lint(join(folder, 'openapi.json'));
      expect(status).not.toBe(0);
      expect(output).toContain('operation-operationId');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
