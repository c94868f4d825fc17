import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Catalogue } from '../../../src/language/catalogue.js';

const manifest = {
  title: 'Python',
  repl: ['python3'],
  run: { file: 'main.py', build: null, argv: ['python3', '{file}'] },
  version: ['python3', '--version'],
  env: {},
  startup_hook: { variable: 'PYTHONSTARTUP', path: '/opt/startup.py' },
  host_programs: ['python3'],
  base_image: 'python:3-slim',
};

describe('Catalogue', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
    await mkdir(join(folder, 'agent'));
    await mkdir(join(folder, 'python'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = (content: unknown) => writeFile(join(folder, 'python', 'manifest.json'), JSON.stringify(content));

  it('holds the folders with a manifest', async () => {
    await write(manifest);
    const { languages } = await Catalogue.load({ imagesFolder: folder, imageTag: 't' });
    expect(languages).toEqual([
      {
        name: 'python',
        title: 'Python',
        image: 'repl_runner/python:t',
        repl: ['python3'],
        run: { file: 'main.py', build: null, argv: ['python3', '{file}'] },
        env: {},
        startupHook: { variable: 'PYTHONSTARTUP', path: '/opt/startup.py' },
        hostPrograms: ['python3'],
        version: ['python3', '--version'],
      },
    ]);
  });

  it('names the known languages when asked for another', async () => {
    await write(manifest);
    const catalogue = await Catalogue.load({ imagesFolder: folder });
    expect(catalogue.get('python').image).toBe('repl_runner/python:latest');
    expect(() => catalogue.get('cobol')).toThrow(expect.objectContaining({ code: 'language_unknown' }));
    expect(() => catalogue.get('cobol')).toThrow('python');
  });

  it.each([
    ['a misspelt key', { ...manifest, startup_hok: null }, 'startup_hok'],
    ['an empty argv', { ...manifest, repl: [] }, 'repl'],
    ['a relative hook', { ...manifest, startup_hook: { variable: 'A', path: 'a.py' } }, 'absolute'],
  ])('refuses a manifest with %s and names the file', async (_name, content, words) => {
    await write(content);
    const loading = Catalogue.load({ imagesFolder: folder });
    await expect(loading).rejects.toThrow(words);
    await expect(loading).rejects.toThrow('manifest.json');
  });

  it('loads the manifests of this project', async () => {
    const { languages } = await Catalogue.load({ imagesFolder: 'images' });
    expect(languages.map(({ name }) => name)).toContain('python');
  });
});
