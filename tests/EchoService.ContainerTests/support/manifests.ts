import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, INamespace, IService, IServiceAccount } from 'kubernetes-models/v1';
import { list, read, root } from './repository.ts';

interface Kinds {
  ConfigMap: IConfigMap;
  Deployment: IDeployment;
  HorizontalPodAutoscaler: IHorizontalPodAutoscaler;
  Namespace: INamespace;
  NetworkPolicy: INetworkPolicy;
  PodDisruptionBudget: IPodDisruptionBudget;
  Service: IService;
  ServiceAccount: IServiceAccount;
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

const require = createRequire(import.meta.url);

export function parse(text: string, source: string): KubernetesObject[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${source}: ${document.errors[0]!.message}`);
    return document.toJS() as KubernetesObject;
  });
}

/** What `kubectl apply -f deploy/k8s` sends. */
export const deployed = (): KubernetesObject[] => list('deploy/k8s').flatMap((file) => parse(read(file), file));

/** Whether the installed kubectl renders what current ones do. Debian's 1.20 comes with kustomize 2, which has no `patches`. */
export const canKustomize = ((): boolean => {
  try {
    const version = JSON.parse(execFileSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' })) as {
      kustomizeVersion?: string; // absent before kustomize 4
    };
    return version.kustomizeVersion !== undefined;
  } catch {
    return false;
  }
})();

/** What `kubectl apply -k` of a folder sends. */
export const kustomize = (folder: string): KubernetesObject[] =>
  parse(execFileSync('kubectl', ['kustomize', path.join(root, folder)], { encoding: 'utf8' }), folder);

/** The object of a kind and name, typed as its kind. */
export function find<K extends keyof Kinds>(objects: KubernetesObject[], kind: K, name: string): Kinds[K] {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} objects are a ${kind} named ${name}`);
  return found[0] as unknown as Kinds[K];
}

const moduleOf = (object: KubernetesObject): string => `kubernetes-models/${object.apiVersion}`;

/**
 * What is wrong with the objects by the Kubernetes schemas. Those say which fields must be there and of what type, but
 * let an unknown field pass; the TypeScript types made from them don't, so the objects are type-checked as literals too.
 */
export function schemaErrors(objects: KubernetesObject[]): string[] {
  const errors: string[] = [];
  for (const object of objects) {
    const model = (require(moduleOf(object)) as Record<string, new (data: unknown) => { validate(): void }>)[object.kind];
    if (model === undefined) {
      errors.push(`${object.apiVersion} has no kind ${object.kind}`);
      continue;
    }
    try {
      new model(object).validate();
    } catch (error) {
      errors.push(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`);
    }
  }
  return [...errors, ...typeErrors(objects)];
}

function typeErrors(objects: KubernetesObject[]): string[] {
  const literals = objects.map((object, i) =>
    `import type { I${object.kind} as T${i} } from '${moduleOf(object)}';\nexport const o${i}: T${i} = ${JSON.stringify(object)};`);
  // The file exists in memory alone, at a place from where the modules resolve.
  const file = path.join(import.meta.dirname, 'objects.generated.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022,
    strict: true, noEmit: true, skipLibCheck: true, types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(file, literals.join('\n'), ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => (name === file ? literals.join('\n') : readFile.call(host, name));
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}
