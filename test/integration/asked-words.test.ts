/** The commands say how they are used, and begin nothing over words that they do not know. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { patienceMs } from '../support/patience.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const commands = {
  start: 'npm start',
  test: 'npm test',
  doctor: 'npm run doctor',
  sbom: 'npm run sbom',
  audit: 'npm run audit',
  'test-attack': 'npm run test:attack',
  'test-languages': 'npm run test:languages',
  'test-leaks': 'npm run test:leaks',
  'base-image': 'node scripts/base-image.mjs',
  'outside-build': 'node scripts/outside-build.mjs',
};

function ended(script: string, word: string) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const options = { cwd: root, env, encoding: 'utf8', timeout: patienceMs } as const;
  return spawnSync('node', [`scripts/${script}.mjs`, word], options);
}

describe.each(Object.entries(commands))('scripts/%s.mjs', (script, command) => {
  it('says with --help how it is used', () => {
    const { status, stdout, stderr } = ended(script, '--help');
    expect([status, stderr, stdout.startsWith(command)]).toEqual([0, '', true]);
  });

  it('refuses an option that it does not know', () => {
    const { status, stdout, stderr } = ended(script, '--nonsense');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${command}: it does not know --nonsense; see ${command}`);
  });
});
