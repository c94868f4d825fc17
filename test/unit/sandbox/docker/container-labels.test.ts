import { describe, expect, it } from '@jest/globals';
import type { Language } from '../../../../src/language/language.js';
import { containerLabels, specOfLabels } from '../../../../src/sandbox/docker/container-labels.js';
import { defaultLimits } from '../../../../src/sandbox/limits.js';
import type { SandboxSpec } from '../../../../src/sandbox/sandbox.js';

const language: Language = {
  name: 'python',
  title: 'Python',
  image: 'i',
  repl: ['python3'],
  env: {},
  run: null,
  startupHook: null,
  hostPrograms: [],
  version: [],
};
const identity = { sessionId: 'east.1', viewId: 'v', replica: 'east' };
const spec: SandboxSpec = { identity, language, limits: { ...defaultLimits, cpus: 0.5 }, orphanSeconds: 12 };

describe('labels of a container', () => {
  it('give the whole spec back', () => {
    expect(specOfLabels(containerLabels(spec, 'staging'), [language])).toEqual({ spec, problem: null });
  });

  it('tell whose sandbox it is also when its language is not served', () => {
    const read = specOfLabels(containerLabels(spec, 'staging'), []);
    expect(read.spec.identity).toEqual(identity);
    expect(read.problem).toContain('python');
  });

  it.each([
    ['absent', {}],
    ['of no JSON', { ...containerLabels(spec, 'staging'), 'repl_runner.limits': '{' }],
    ['without a limit', { ...containerLabels(spec, 'staging'), 'repl_runner.limits': '{"cpus":1}' }],
    ['with no number of seconds', { ...containerLabels(spec, 'staging'), 'repl_runner.orphan_seconds': 'soon' }],
  ])('never throw when %s', (_name, labels) => {
    const read = specOfLabels(labels, [language]);
    expect(read.problem).toContain('labels');
    expect(read.spec.limits).toEqual(defaultLimits);
  });
});
