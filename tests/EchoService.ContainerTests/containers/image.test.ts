import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { docker, image, label } from '../support/build-image.ts';
import { read, root } from '../support/repository.ts';

const MiB = 1024 * 1024;
const [inspected] = JSON.parse(docker('image', 'inspect', image)) as [{ Size: number; Config: Record<string, unknown> }];

/** The names of all that is in the image's file system. */
const contents = (): string[] => {
  const id = docker('create', '--label', label, image);
  try {
    return execFileSync('sh', ['-c', `docker export ${id} | tar -t`], { encoding: 'utf8', maxBuffer: 64 * MiB }).split('\n');
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

  test('holds neither shell nor package manager', () => {
    const tools = /(^|\/)(sh|bash|dash|busybox|apt|apt-get|dpkg|curl|wget)$/;
    const names = contents();
    expect(names).toContain('app/EchoService.dll');
    expect(names.filter((name) => tools.test(name))).toEqual([]);
  });

  test('adds at most 60 MiB to its base', () => {
    const base = /^FROM (\S*\/aspnet:\S+)/m.exec(read('Dockerfile'))![1]!;
    const own = (inspected.Size - Number(docker('image', 'inspect', '--format', '{{.Size}}', base))) / MiB;
    console.log(`image: ${own.toFixed(1)} MiB of own layers, ${(inspected.Size / MiB).toFixed(0)} MiB with the base`);
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThanOrEqual(60);
  });

  test('is precompiled', async () => {
    const id = docker('create', '--label', label, image);
    try {
      const folder = await mkdtemp(path.join(tmpdir(), 'echoservice-'));
      docker('cp', `${id}:/app/EchoService.dll`, folder);
      expect(hasReadyToRunHeader(readFileSync(path.join(folder, 'EchoService.dll')))).toBe(true);
      rmSync(folder, { recursive: true });
    } finally {
      docker('rm', id);
    }
  });

  test('has the same binaries when it is built again', { timeout: 300_000 }, async () => {
    const again = 'echoservice:built-again';
    docker('build', '--no-cache', '--tag', again, '--build-arg',
      `REVISION=${(inspected.Config['Labels'] as Record<string, string>)['org.opencontainers.image.revision']}`, '.');
    try {
      const first = await application(image);
      expect(Object.keys(first)).toContain('app/EchoService.dll');
      expect(await application(again)).toEqual(first);
    } finally {
      docker('rmi', again);
    }
  });
});

/** Whether an assembly's managed native header, the sixth field of its CLI header (ECMA-335 II.25.3.3), leads to "RTR". */
function hasReadyToRunHeader(assembly: Buffer): boolean {
  const pe = assembly.readUInt32LE(0x3c);
  const optional = pe + 24;
  const directories = optional + (assembly.readUInt16LE(optional) === 0x20b ? 112 : 96);
  const sections = optional + assembly.readUInt16LE(pe + 20);
  const offsetOf = (rva: number): number => {
    for (let i = 0; i < assembly.readUInt16LE(pe + 6); i++) {
      const section = sections + i * 40;
      const start = assembly.readUInt32LE(section + 12);
      if (rva >= start && rva < start + assembly.readUInt32LE(section + 16)) return rva - start + assembly.readUInt32LE(section + 20);
    }
    throw new Error(`no section holds ${rva}`);
  };
  const cli = offsetOf(assembly.readUInt32LE(directories + 14 * 8));
  const native = assembly.readUInt32LE(cli + 64);
  return native !== 0 && assembly.toString('latin1', offsetOf(native), offsetOf(native) + 3) === 'RTR';
}
