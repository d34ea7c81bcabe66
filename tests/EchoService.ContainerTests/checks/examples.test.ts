import { describe, expect, test } from 'vitest';
import { canKustomize, deployed, find, kustomize, parse, schemaErrors } from '../support/manifests.ts';
import { list, read } from '../support/repository.ts';

const apply = (folder: string) => list(folder).flatMap((file) => parse(read(file), file));

describe('deploy/examples', () => {
  test.each(['load-balancer', 'autoscale-on-connections'])('%s is valid', (name) => {
    expect(schemaErrors(apply(`deploy/examples/${name}`))).toEqual([]);
  });

  test.skipIf(!canKustomize).each(['overlay', 'management-key', 'proxy-protocol'])('%s renders, and what it renders is valid', (name) => {
    const objects = kustomize(`deploy/examples/${name}`);
    expect(objects.length).toBeGreaterThanOrEqual(deployed().length);
    expect(schemaErrors(objects)).toEqual([]);
  });

  test.skipIf(!canKustomize)('overlay: every object is in the other namespace and the image is the other one', () => {
    const objects = kustomize('deploy/examples/overlay');
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'echo-staging' } });
    for (const object of objects.slice(1)) expect(object.metadata.namespace).toBe('echo-staging');
    expect(find(objects, 'Deployment', 'echoservice').spec!.template.spec!.containers[0]!.image).toBe(
      'registry.example.com/platform/echoservice:1.0.0');
  });

  test('load-balancer: keeps the client address and leaves management inside', () => {
    const service = find(apply('deploy/examples/load-balancer'), 'Service', 'echo-public').spec!;
    expect(service).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(service.ports!.map((port) => port.targetPort)).toEqual(['echo']);
    expect(service.selector).toEqual(find(deployed(), 'Service', 'echo').spec!.selector);
  });

  test('autoscale-on-connections: replaces the autoscaler of the base', () => {
    const [autoscaler] = apply('deploy/examples/autoscale-on-connections');
    const base = find(deployed(), 'HorizontalPodAutoscaler', 'echoservice');
    expect(autoscaler).toMatchObject({
      metadata: { name: base.metadata!.name, namespace: base.metadata!.namespace },
      spec: { scaleTargetRef: base.spec!.scaleTargetRef, metrics: [{ pods: { metric: { name: 'echo_connections_active' } } }, {}] },
    });
  });

  test.skipIf(!canKustomize)('management-key: the key file is the one that the Secret is mounted as, and the service may read it', () => {
    const pod = find(kustomize('deploy/examples/management-key'), 'Deployment', 'echoservice').spec!.template.spec!;
    const container = pod.containers[0]!;
    const mount = container.volumeMounts!.find((candidate) => candidate.name === 'management-key')!;
    expect(container.env).toContainEqual({ name: 'Management__ApiKeyFile', value: `${mount.mountPath}/key` });
    expect(pod.volumes![0]).toMatchObject({ secret: { secretName: 'echoservice-management', defaultMode: 0o440 } });
    expect(pod.securityContext!.fsGroup).toBe(pod.securityContext!.runAsGroup);
  });

  test.skipIf(!canKustomize)('proxy-protocol: only HAProxy reaches the echo port, which demands the header that HAProxy sends', () => {
    const objects = kustomize('deploy/examples/proxy-protocol');
    const haproxy = find(objects, 'Deployment', 'echo-haproxy').spec!.template;
    const settings = find(objects, 'ConfigMap', 'echoservice').data!;
    expect(settings['Echo__ProxyProtocol']).toBe('required');
    expect(settings['Echo__TrustedProxies__0']).toMatch(/^[\d.]+\/\d+$/);
    const policy = find(objects, 'NetworkPolicy', 'echoservice').spec!;
    const [echo, ...others] = policy.ingress!;
    expect(echo).toEqual({
      from: [{ podSelector: { matchLabels: haproxy.metadata!.labels } }],
      ports: [{ port: 'echo', protocol: 'TCP' }],
    });
    // The rest of the list is the base's, which a patch replaces as a whole.
    expect(others).toEqual(find(deployed(), 'NetworkPolicy', 'echoservice').spec!.ingress!.slice(1));
    expect(find(objects, 'Service', 'echo').spec!.selector).toEqual(haproxy.metadata!.labels);
    const configuration = read('deploy/examples/proxy-protocol/haproxy.cfg');
    expect(configuration).toContain(`echo-pods.echo.svc.cluster.local:${settings['Echo__Port']} `);
    expect(configuration).toMatch(/server-template .* send-proxy-v2 .*check-send-proxy/);
    expect(find(objects, 'Service', 'echo-pods').spec).toMatchObject({ clusterIP: 'None', ports: [{ port: Number(settings['Echo__Port']) }] });
    expect(haproxy.spec!.containers[0]!.securityContext).toEqual(
      find(objects, 'Deployment', 'echoservice').spec!.template.spec!.containers[0]!.securityContext);
  });
});
