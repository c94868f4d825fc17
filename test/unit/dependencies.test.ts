/** What can be told of dependencies without a network. `npm run audit` asks a registry for the rest. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const names = z.record(z.string(), z.string());
const lockSchema = z.object({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: names.optional(),
      devDependencies: names.optional(),
    }),
  ),
});

/** What a folder's manifest asks for, and what its lock file holds, by path. */
function lockOf(folder: string) {
  const { '': own, ...locked } = lockSchema.parse(JSON.parse(read(`${folder}package-lock.json`))).packages;
  return { own, locked: Object.entries(locked) };
}

describe.each([
  ['the project', ''],
  ['what the bench has beside it', 'test/bench/peers/npm/'],
])('The lock file of %s', (_whose, folder) => {
  const { own, locked } = lockOf(folder);

  it('has a hash of each package, and says of none where it was got', () => {
    expect(locked.length).toBeGreaterThan(30);
    const loose = locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(loose).toEqual([]);
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('is of the packages that package.json names', () => {
    const manifest = z.object({ dependencies: names, devDependencies: names.optional() });
    const { dependencies, devDependencies } = own ?? {};
    const asked = manifest.parse(JSON.parse(read(`${folder}package.json`)));
    expect(asked).toEqual({ dependencies, devDependencies });
  });
});

describe('The installation of packages', () => {
  it('runs nothing of theirs', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
    const installs = [...read('Dockerfile').matchAll(/npm ci .*/g)].map(([line]) => line);
    expect(installs).toEqual([expect.stringContaining('--ignore-scripts')]);
  });

  it('leaves out scripts that were looked at: they build what is faster, or ask for support', () => {
    const running = lockOf('').locked.filter(
      ([, { hasInstallScript, dev }]) => hasInstallScript === true && dev !== true,
    );
    expect(running.map(([path]) => path)).toEqual([
      'node_modules/cpu-features',
      'node_modules/protobufjs',
      'node_modules/ssh2',
    ]);
  });
});
