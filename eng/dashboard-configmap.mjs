#!/usr/bin/env node
// Writes deploy/k8s/60-dashboard.yaml, the ConfigMap from which Grafana's sidecar loads the dashboard, from
// deploy/monitoring/grafana-dashboard.json. Run it after a change there; a check holds the two equal.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const dashboard = readFileSync(path.join(root, 'deploy/monitoring/grafana-dashboard.json'), 'utf8').trimEnd();
JSON.parse(dashboard);

// A literal block keeps the text as it is, so that a change shows as the same few lines in both files.
const block = dashboard.split('\n').map((line) => (line === '' ? '' : `    ${line}`)).join('\n');
writeFileSync(path.join(root, 'deploy/k8s/60-dashboard.yaml'), `# Made by eng/dashboard-configmap.mjs from deploy/monitoring/grafana-dashboard.json; change that one.
apiVersion: v1
kind: ConfigMap
metadata:
  name: echoservice-dashboard
  namespace: echo
  labels:
    app.kubernetes.io/name: echoservice
    # What the sidecar of Grafana's Helm chart looks for.
    grafana_dashboard: "1"
data:
  echoservice.json: |
${block}
`);
