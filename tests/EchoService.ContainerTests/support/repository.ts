import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../../..');

/** The text of a file of the repository. */
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** The files of one folder of the repository, as paths from its root, sorted by name. */
export const list = (folder: string, pattern = /\.ya?ml$/): string[] =>
  readdirSync(path.join(root, folder)).filter((name) => pattern.test(name)).sort().map((name) => path.posix.join(folder, name));
