/** The folders under images/ agree with themselves: manifest, Dockerfile and dialogue of each language. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Catalogue } from '../../../src/language/catalogue.js';
import { imageFiles } from '../../../src/language/image-content.js';
import { manifestSchema } from '../../../src/language/manifest.js';
import { dialogueSchema, imagesFolder, readDialogues } from '../../support/dialogue.js';

const { languages } = await Catalogue.load({ imagesFolder });
const dialogues = await readDialogues();
const textOf = (language: string, file: string): string => readFileSync(join(imagesFolder, language, file), 'utf8');
const manifestOf = (language: string) => manifestSchema.parse(JSON.parse(textOf(language, 'manifest.json')));

describe('The language folders', () => {
  it('hold the languages that the project promises', () => {
    expect(languages.map(({ name }) => name)).toEqual([
      ...['bash', 'c', 'cpp', 'csharp', 'go', 'java', 'lua', 'node', 'php', 'python', 'python-data', 'ruby', 'sqlite'],
    ]);
  });

  it.each(languages.map((language) => [language.name, language] as const))('%s is whole', (name, language) => {
    const dialogue = dialogues.get(name);
    expect(dialogue?.repl === null).toBe(language.repl === null);
    expect(dialogue?.run === null).toBe(language.run === null);
    expect(language.repl ?? language.run).not.toBeNull();
    if (language.run !== null) expect(Object.keys(dialogue?.run?.files ?? {})).toContain(language.run.file);
  });

  it.each(languages.map(({ name }) => name))('%s has a Dockerfile on its base that brings what it needs', (name) => {
    const { base_image: base, host_programs: programs } = manifestOf(name);
    const dockerfile = textOf(name, 'Dockerfile');
    expect(dockerfile).toMatch(new RegExp(`^ARG BASE_IMAGE=${base}$`, 'm'));
    for (const program of new Set(['python3', ...programs])) {
      expect(dockerfile).toMatch(new RegExp(`prepare\\.sh( \\S+)* ${program.replace(/\W/g, '\\$&')}=`));
    }
    expect(dockerfile).toMatch(/^LABEL repl_runner\.content=/m);
  });

  it.each(languages.map(({ name }) => name))('%s installs its packages below the agent', (name) => {
    const lines = textOf(name, 'Dockerfile').split('\n');
    const place = (start: string): number => lines.findIndex((line) => line.startsWith(start));
    expect(place('RUN sh /opt/repl_runner/image/prepare.sh')).toBeGreaterThan(0);
    expect(place('COPY agent/ ')).toBeGreaterThan(place('RUN sh /opt/repl_runner/image/prepare.sh'));
  });

  it.each(languages.map((language) => [language.name, language] as const))(
    '%s names only files of its own that are there',
    async (name, { repl, run, env, startupHook }) => {
      const named = [...(repl ?? []), ...(run?.build ?? []), ...(run?.argv ?? []), ...Object.values(env)];
      const paths = [...named, startupHook?.path ?? ''].filter((word) => word.startsWith('/opt/repl_runner/'));
      const inImage = await imageFiles(imagesFolder, name);
      for (const path of paths) {
        const file = path.replace('/opt/repl_runner/', '');
        const isThere = inImage.some((known) => known.replace(/^agent\//, '').startsWith(file));
        expect([file, isThere]).toEqual([file, true]);
      }
    },
  );

  it('keep their dialogues out of the images', async () => {
    for (const { name } of languages) {
      expect(existsSync(join(imagesFolder, name, 'dialogue.json'))).toBe(true);
      expect(await imageFiles(imagesFolder, name)).not.toContain(`${name}/dialogue.json`);
    }
  });
});

describe('A dialogue', () => {
  const repl = { files: {}, greeting: ['> '], steps: [{ type: '1', see: ['1'] }] };
  it.each([
    ['without a weight', { repl: null, run: null }, 'weight'],
    ['of a single step', { weight: 'light', repl, run: null }, 'steps'],
    ['that waits for nothing', { weight: 'light', repl: { ...repl, greeting: [] }, run: null }, 'greeting'],
    ['whose run prints nothing', { weight: 'light', repl: null, run: { files: {}, stdout: '' } }, 'stdout'],
    ['with a misspelt key', { weight: 'light', repl: null, run: null, rnu: null }, 'rnu'],
  ])('%s is refused', (_name, dialogue, words) => {
    const read = dialogueSchema.safeParse(dialogue);
    expect(read.success).toBe(false);
    expect(JSON.stringify(read.error?.issues)).toContain(words);
  });
});
