/** The software bill of materials, made as an operator makes it: complete, and of licences that allow what we do. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { describeWhere } from '../support/describe-where.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const npmVersion = spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout;
// Older ones have no `npm sbom`.
const suite = describeWhere(Number.parseInt(npmVersion) >= 10);

/** They ask for their notice to be kept, and for nothing else. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense'];

const schema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.object({ name: z.string() }) }),
  components: z.array(
    z.object({
      'bom-ref': z.string(),
      hashes: z.array(z.object({ alg: z.literal('SHA-512'), content: z.string().length(128) })).length(1),
      licenses: z.array(z.object({ license: z.object({ id: z.string() }) })).length(1),
      properties: z.array(z.object({ name: z.string() })),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().optional() })),
});

suite('npm run sbom', () => {
  let folder: string;
  let document: z.infer<typeof schema>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'repl-sbom-'));
    const file = join(folder, 'sbom.json');
    const made = spawnSync(process.execPath, [join(root, 'scripts/sbom.mjs'), file], { encoding: 'utf8' });
    expect(made).toMatchObject({ status: 0, stderr: '' });
    document = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const named = (): string[] => document.components.map((component) => component['bom-ref']);

  it('names this project, and each package that runs in production', () => {
    expect(document.metadata.component.name).toBe('repl_runner');
    const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
    const production = Object.entries(packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version ?? ''}`);
    expect(production.length).toBeGreaterThan(100);
    expect(named()).toEqual(expect.arrayContaining(production));
  });

  it('names what the files for browsers are made of, and nothing that only develops', () => {
    const packages = named().map((name) => name.replace(/@[^@]*$/, ''));
    expect(packages).toEqual(expect.arrayContaining(['@xterm/xterm', '@codemirror/view', 'swagger-ui-dist']));
    for (const name of ['jest', 'typescript', 'esbuild', 'playwright-core']) expect(packages).not.toContain(name);
    const left = document.components.flatMap(({ properties }) => properties.map(({ name }) => name));
    expect(left).not.toContain('cdx:npm:package:development');
  });

  it('has each under a licence that allows its use here', () => {
    const licences = document.components.map((one) => [one['bom-ref'], one.licenses[0]?.license.id]);
    expect(licences.filter(([, licence]) => !allowed.includes(licence ?? ''))).toEqual([]);
  });

  it('refers to nothing that it does not name', () => {
    const known = [...named(), ...document.dependencies.map(({ ref }) => ref)];
    for (const { dependsOn } of document.dependencies) expect(known).toEqual(expect.arrayContaining(dependsOn));
  });
});
