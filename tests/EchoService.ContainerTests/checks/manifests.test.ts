import { describe, expect, test } from 'vitest';
import { canKustomize, deployed, find, kustomize, schemaErrors } from '../support/manifests.ts';
import { list, read } from '../support/repository.ts';
import { toSeconds } from '../support/durations.ts';

const objects = deployed();
const deployment = find(objects, 'Deployment', 'echoservice');
const pod = deployment.spec!.template.spec!;
const container = pod.containers[0]!;
const settings = find(objects, 'ConfigMap', 'echoservice').data!;

/** The number by which a service, probe or policy reaches the container: its own, or that of the port it names. */
const containerPort = (port: unknown): number | undefined =>
  container.ports!.find((candidate) => candidate.name === port || candidate.containerPort === port)?.containerPort;

describe('deploy/k8s', () => {
  test('every object is valid by the Kubernetes schemas', () => {
    expect(schemaErrors(objects)).toEqual([]);
  });

  test('the validation finds a wrong type, a missing field and a misspelt one', () => {
    const wrong = structuredClone(objects);
    find(wrong, 'Service', 'echo').spec!.ports![0]!.port = 'seven' as unknown as number;
    delete (find(wrong, 'Deployment', 'echoservice').spec as { selector?: unknown }).selector;
    Object.assign(find(wrong, 'NetworkPolicy', 'echoservice').spec!, { ingres: [] });
    const errors = schemaErrors(wrong).join('\n');
    expect(errors).toMatch(/port.*must be integer/);
    expect(errors).toMatch(/must have required property selector/);
    expect(errors).toMatch(/"ingres"' does not exist/);
  });

  test('holds one object a file, in an order in which the first apply succeeds', () => {
    const files = list('deploy/k8s');
    expect(objects).toHaveLength(files.length);
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'echo' } });
    for (const object of objects.slice(1)) expect(object.metadata.namespace, object.kind).toBe('echo');
  });

  test.skipIf(!canKustomize)('the kustomize base is the same set of objects', () => {
    const names = (set: typeof objects) => set.map((object) => `${object.kind}/${object.metadata.name}`).sort();
    expect(names(kustomize('deploy/k8s'))).toEqual(names(objects));
  });

  test('uses core API groups alone, so that a bare cluster takes it', () => {
    expect([...new Set(objects.map((object) => object.apiVersion))].sort()).toEqual(
      ['apps/v1', 'autoscaling/v2', 'networking.k8s.io/v1', 'policy/v1', 'v1']);
  });

  test('selectors reach the pods of the deployment', () => {
    const labels = deployment.spec!.template.metadata!.labels!;
    const selectors = [
      deployment.spec!.selector.matchLabels,
      find(objects, 'Service', 'echo').spec!.selector,
      find(objects, 'Service', 'echoservice-management').spec!.selector,
      find(objects, 'PodDisruptionBudget', 'echoservice').spec!.selector!.matchLabels,
      find(objects, 'NetworkPolicy', 'echoservice').spec!.podSelector!.matchLabels,
      ...pod.topologySpreadConstraints!.map((constraint) => constraint.labelSelector!.matchLabels),
    ];
    for (const selector of selectors) {
      expect(Object.keys(selector!)).not.toHaveLength(0);
      expect(labels).toMatchObject(selector!);
    }
  });

  test('services, probes, policies and annotations lead to the ports that the settings open', () => {
    const echo = Number(settings['Echo__Port']);
    const management = Number(settings['ASPNETCORE_HTTP_PORTS']);
    expect(containerPort('echo')).toBe(echo);
    expect(containerPort('management')).toBe(management);
    expect(find(objects, 'Service', 'echo').spec!.ports).toMatchObject([{ port: 7, targetPort: 'echo' }]);
    expect(find(objects, 'Service', 'echoservice-management').spec!.ports).toMatchObject([{ port: 8080, targetPort: 'management' }]);
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(containerPort(probe!.httpGet!.port)).toBe(management);
    }
    expect(container.startupProbe!.httpGet!.path).toBe('/livez');
    expect(container.livenessProbe!.httpGet!.path).toBe('/livez');
    expect(container.readinessProbe!.httpGet!.path).toBe('/readyz');
    expect(deployment.spec!.template.metadata!.annotations).toMatchObject(
      { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(management), 'prometheus.io/path': '/metrics' });
  });

  test('echo is open to all, management to the monitoring namespace alone', () => {
    const policy = find(objects, 'NetworkPolicy', 'echoservice').spec!;
    const sources = (port: string) => policy.ingress!.filter((rule) => rule.ports!.some((candidate) => candidate.port === port));
    expect(policy.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(sources('echo')).toEqual([{ ports: [{ port: 'echo', protocol: 'TCP' }] }]);
    expect(sources('management').map((rule) => rule.from)).toEqual(
      [[{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }]]);
    // A rule without ports would open every port.
    for (const rule of policy.ingress!) expect(rule.ports).not.toHaveLength(0);
  });

  test('the grace period holds the longest drain', () => {
    const drain = toSeconds(settings['Drain__ReadinessDelay']!) + toSeconds(settings['Drain__Timeout']!);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + 5);
    expect(toSeconds(settings['Drain__Spread']!)).toBeLessThanOrEqual(toSeconds(settings['Drain__Timeout']!));
  });

  test('the memory limit holds as many busy connections as the settings admit', () => {
    const MiB = 1024 * 1024;
    const limit = Number(/^(\d+)Gi$/.exec(String(container.resources!.limits!['memory']))![1]) * 1024 * MiB;
    // MaxReceiveBufferSize is at its default of 64 KiB; .NET limits its heap, where the buffers are, to 75 %.
    expect(settings).not.toHaveProperty('Echo__MaxReceiveBufferSize');
    expect(limit * 0.75).toBeGreaterThanOrEqual(Number(settings['Echo__MaxConnections']) * 64 * 1024 + 64 * MiB);
  });

  test('meets the restricted pod security standard, which the namespace enforces', () => {
    expect(objects[0]!.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual(
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC ?? false).toBe(false);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(find(objects, 'ServiceAccount', 'echoservice').automountServiceAccountToken).toBe(false);
  });

  test('user, image and ports are those of the Dockerfile', () => {
    const dockerfile = read('Dockerfile');
    expect(pod.securityContext!.runAsUser).toBe(Number(/^USER (\d+)$/m.exec(dockerfile)![1]));
    const exposed = [...dockerfile.matchAll(/(\d+)\/tcp/g)].map((match) => Number(match[1])).sort();
    expect(container.ports!.map((port) => port.containerPort).sort()).toEqual(exposed);
    const version = /<Version>(.+)<\/Version>/.exec(read('Directory.Build.props'))![1];
    expect(container.image).toBe(`echoservice:${version}`);
    expect(dockerfile).toContain(`org.opencontainers.image.version="${version}"`);
    expect(deployment.spec!.template.metadata!.labels!['app.kubernetes.io/version']).toBe(version);
  });

  test('the autoscaler owns the number of pods, and neither a rollout nor a node drain takes the last one', () => {
    const autoscaler = find(objects, 'HorizontalPodAutoscaler', 'echoservice').spec!;
    expect(deployment.spec!.replicas).toBeUndefined();
    expect(autoscaler.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata!.name });
    expect([autoscaler.minReplicas, autoscaler.maxReplicas]).toEqual([2, 10]);
    expect(deployment.spec!.strategy!.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(find(objects, 'PodDisruptionBudget', 'echoservice').spec!.maxUnavailable).toBeLessThan(autoscaler.minReplicas!);
    // Utilization is a share of the request: without one the autoscaler stands still.
    expect(container.resources!.requests).toHaveProperty('cpu');
  });
});
