import { execFileSync } from 'node:child_process';
import { root } from './repository.ts';

export const image = 'echoservice:1.0.0';
/** Every container of these tests carries it. */
export const label = 'echoservice.tests';

export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** Builds the image as a user would. The base images must be there or within reach: eng/base-images.sh. */
export default function setup(): void {
  // What a run that was killed has left behind.
  const left = docker('ps', '--all', '--quiet', '--filter', `label=${label}`);
  if (left !== '') docker('rm', '--force', '--volumes', ...left.split('\n'));

  const revision = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  docker('build', '--tag', image, '--build-arg', `REVISION=${revision}`, '.');
}
