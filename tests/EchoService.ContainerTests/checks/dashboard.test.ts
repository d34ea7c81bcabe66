import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deployed, find } from '../support/manifests.ts';
import { read, root } from '../support/repository.ts';

test('the dashboard of deploy/k8s is that of deploy/monitoring', () => {
  const configMap = find(deployed(), 'ConfigMap', 'echoservice-dashboard');
  expect(configMap.metadata!.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(configMap.data).toEqual({ 'echoservice.json': read('deploy/monitoring/grafana-dashboard.json') });
});

test('running the generator again changes nothing', () => {
  const before = read('deploy/k8s/60-dashboard.yaml');
  execFileSync('node', [path.join(root, 'eng/dashboard-configmap.mjs')]);
  expect(read('deploy/k8s/60-dashboard.yaml')).toBe(before);
});
