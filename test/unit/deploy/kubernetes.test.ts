/** The manifests for Kubernetes, held against its published schemas and against the programs that they start. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { parseProxyConfig } from '../../../proxy/config.js';
import { parseConfig } from '../../../src/config.js';
import { describeWhere } from '../../support/describe-where.js';
import { typeProblems, type KubernetesObject } from '../../support/kubernetes-types.js';

const folder = fileURLToPath(new URL('../../../deploy/kubernetes', import.meta.url));
const labels = z.record(z.string(), z.string());
const container = z.object({
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  securityContext: z.unknown(),
  resources: z.unknown(),
});
const workload = z.object({
  kind: z.enum(['DaemonSet', 'Deployment']),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        securityContext: z.unknown(),
        automountServiceAccountToken: z.unknown(),
        containers: z.array(container),
      }),
    }),
  }),
});
const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

function read(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => object.parse(document.toJS()));
}

/** The base as it stands; nothing in its kustomization changes what is checked here. */
function base(): KubernetesObject[] {
  const kustomization: unknown = parse(readFileSync(join(folder, 'base', 'kustomization.yaml'), 'utf8'));
  const { resources } = z.object({ resources: z.array(z.string()) }).parse(kustomization);
  return resources.flatMap((name) => read(readFileSync(join(folder, 'base', name), 'utf8')));
}

const kubectl = '/usr/bin/kubectl';
/** Older ones do not know `patches`. */
const canRender = ((): boolean => {
  try {
    return execFileSync(kubectl, ['version', '--client'], { encoding: 'utf8', stdio: 'pipe' }).includes(
      'Kustomize Version: v5',
    );
  } catch {
    return false;
  }
})();

/** The example as kustomize renders it, with a secret such as it asks for. */
function example(): KubernetesObject[] {
  const copy = mkdtempSync(join(tmpdir(), 'kubernetes-'));
  try {
    cpSync(folder, copy, { recursive: true });
    const overlay = join(copy, 'overlays', 'example');
    writeFileSync(join(overlay, 'api-token'), 'a-token-of-the-tests');
    return read(execFileSync(kubectl, ['kustomize', overlay], { encoding: 'utf8', stdio: 'pipe' }));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function manifests(objects: () => readonly KubernetesObject[]): void {
  const all = objects();
  const workloads = all.flatMap((one) => workload.safeParse(one).data ?? []);
  const named = (kind: string, name: string): unknown =>
    all.find((one) => one.kind === kind && one.metadata.name === name);
  const envOf = (name: string): Record<string, string> => {
    const env = workloads.find(({ metadata }) => metadata.name === name)?.spec.template.spec.containers[0]?.env ?? [];
    // A value from elsewhere is the token here.
    return Object.fromEntries(env.map(({ name: variable, value = 'a-token-of-the-tests' }) => [variable, value]));
  };

  it('hold what the published schemas say, and no field more', () => {
    expect(typeProblems(all)).toEqual([]);
  });

  it('run nobody as root, with capabilities, with a way to more, or without bounds', () => {
    expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual(['proxy', 'runner']);
    for (const { spec } of workloads) {
      const { securityContext, automountServiceAccountToken, containers } = spec.template.spec;
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const one of containers) {
        expect(one.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(one.resources).toMatchObject({
          requests: { cpu: expect.anything() },
          limits: { memory: expect.anything() },
        });
      }
    }
  });

  it('find the pods that they speak of', () => {
    const pods = workloads.map(({ spec }) => spec.template.metadata.labels);
    const finds = (wanted: Readonly<Record<string, string>>): boolean =>
      pods.some((pod) => Object.entries(wanted).every(([name, value]) => pod[name] === value));
    const wanted = JSON.stringify(all, (key, value: unknown) => (key === 'namespaceSelector' ? undefined : value));
    const selectors = [...wanted.matchAll(/"(?:matchLabels|selector)":(\{"app[^}]*\})/g)].map(([, text = '']) =>
      labels.parse(JSON.parse(text)),
    );
    expect(selectors.length).toBeGreaterThan(8);
    expect(selectors.filter((selector) => !finds(selector))).toEqual([]);
  });

  it('give runner and proxy settings that they take, and ports where they listen', () => {
    const { data } = z.object({ data: labels }).parse(named('ConfigMap', 'runner'));
    const runner = parseConfig({ ...data, ...envOf('runner') });
    const proxy = parseProxyConfig(envOf('proxy'));
    expect(runner).toMatchObject({ sandbox: 'docker', apiToken: 'a-token-of-the-tests' });
    expect(proxy).toMatchObject({ replicas: { dns: `http://runner:${runner.port}` }, apiToken: runner.apiToken });
    const ports = workloads.map(({ metadata, spec }) => [
      metadata.name,
      spec.template.spec.containers.flatMap((one) => one.ports.map(({ containerPort }) => containerPort)),
    ]);
    expect(Object.fromEntries(ports)).toEqual({ runner: [runner.port], proxy: [proxy.port, proxy.metrics?.port] });
  });

  it('let the name of the runners stand for all of them, ready or not', () => {
    expect(named('Service', 'runner')).toMatchObject({ spec: { clusterIP: 'None', publishNotReadyAddresses: true } });
  });

  it('let nobody talk to anybody who is not named', () => {
    expect(named('NetworkPolicy', 'nobody')).toMatchObject({
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    expect(JSON.stringify(all)).not.toContain('"from":[{}]');
  });
}

describe('the manifests for Kubernetes', () => {
  manifests(base);
});

describeWhere(canRender)('the manifests of the example, rendered', () => {
  manifests(canRender ? example : base);

  it('name images, sizes and secret of their own', () => {
    const text = JSON.stringify(example());
    expect(text).toContain('"image":"registry.example.org/repl_runner/runner:2026-01-01"');
    expect(text).toContain('"REPL_RUNNER_MAX_SESSIONS":"300"');
    expect(text).toContain('"supplementalGroups":[998]');
    expect(text).toMatch(/"secretKeyRef":\{"key":"api-token","name":"runner-[a-z0-9]+"\}/);
  });
});

describe('what checks them', () => {
  it('finds a field that is misspelt, one that is missing and a value that is wrong', () => {
    const broken = (spec: unknown): KubernetesObject =>
      ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' }, spec }) as KubernetesObject;
    const problems = typeProblems([
      broken({ minAvailible: 1 }),
      broken({ minAvailable: true }),
      { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'y' }, spec: { template: {} } } as KubernetesObject,
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^PodDisruptionBudget x: .*minAvailible/),
      expect.stringMatching(/^PodDisruptionBudget x: Type 'true' is not/),
      expect.stringMatching(/^DaemonSet y: Property '"selector"' is missing/),
    ]);
  });
});
