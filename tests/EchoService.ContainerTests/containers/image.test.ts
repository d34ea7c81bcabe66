import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { docker, image, label } from '../support/build-image.ts';
import { read, root } from '../support/repository.ts';

const MB = 1_000_000;
const [inspected] = JSON.parse(docker('image', 'inspect', image)) as [{ Size: number; Config: Record<string, unknown> }];

/** The names of all that is in the image's file system. */
const contents = (): string[] => {
  const id = docker('create', '--label', label, image);
  try {
    return execFileSync('sh', ['-c', `docker export ${id} | tar -t`], { encoding: 'utf8', maxBuffer: 64 * MB }).split('\n');
  } finally {
    docker('rm', id);
  }
};

/** Hash by file of what a build put into /app. */
const application = async (reference: string): Promise<Record<string, string>> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'echoservice-'));
  const id = docker('create', '--label', label, reference);
  try {
    docker('cp', `${id}:/app`, folder);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(files.map((file) => {
      const name = path.join(file.parentPath, file.name);
      return [path.relative(folder, name), createHash('sha256').update(readFileSync(name)).digest('hex')];
    }));
  } finally {
    docker('rm', id);
    rmSync(folder, { recursive: true });
  }
};

describe('the image', () => {
  test('says how it is run', () => {
    expect(inspected.Config).toMatchObject({
      User: '1654',
      StopSignal: 'SIGTERM',
      Entrypoint: ['/app/EchoService'],
      ExposedPorts: { '7007/tcp': {}, '7007/udp': {}, '8080/tcp': {} },
      Healthcheck: { Test: ['CMD', '/app/EchoService', '--healthcheck'] },
      Labels: {
        'org.opencontainers.image.title': 'EchoService',
        'org.opencontainers.image.version': /<Version>(.+)<\/Version>/.exec(read('Directory.Build.props'))![1],
        'org.opencontainers.image.revision': execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
        'org.opencontainers.image.licenses': 'MIT',
      },
    });
  });

  test('holds both programs, and neither .NET, shell nor package manager', () => {
    const tools = /(^|\/)(dotnet|libcoreclr\.so|[^/]+\.dll|sh|bash|dash|busybox|apt|apt-get|dpkg|curl|wget)$/;
    const names = contents();
    expect(names).toEqual(expect.arrayContaining(['app/EchoService', 'app/echo-probe']));
    expect(names.filter((name) => tools.test(name))).toEqual([]);
  });

  test('adds at most 45 MB to its base', () => {
    const base = /^FROM (\S*\/runtime-deps:\S+)/m.exec(read('Dockerfile'))![1]!;
    const own = (inspected.Size - Number(docker('image', 'inspect', '--format', '{{.Size}}', base))) / MB;
    console.log(`image: ${own.toFixed(1)} MB of own layers, ${(inspected.Size / MB).toFixed(0)} MB with the base`);
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThanOrEqual(45);
  });

  test('has the same binaries when it is built again', { timeout: 900_000 }, async () => {
    const again = 'echoservice:built-again';
    docker('build', '--no-cache', '--tag', again, '--build-arg',
      `REVISION=${(inspected.Config['Labels'] as Record<string, string>)['org.opencontainers.image.revision']}`, '.');
    try {
      const first = await application(image);
      expect(Object.keys(first)).toContain('app/EchoService');
      expect(await application(again)).toEqual(first);
    } finally {
      docker('rmi', again);
    }
  });
});
