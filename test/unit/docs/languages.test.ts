/** docs/languages.md: its table names the languages that there are, and its example is one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Catalogue } from '../../../src/language/catalogue.js';
import { manifestSchema } from '../../../src/language/manifest.js';
import { dialogueSchema, imagesFolder, readDialogues } from '../../support/dialogue.js';

const page = readFileSync('docs/languages.md', 'utf8');
const { languages } = await Catalogue.load({ imagesFolder });
const dialogues = await readDialogues();
const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => JSON.parse(text) as unknown);

describe('docs/languages.md', () => {
  it('lists every language with the file that it runs and its weight', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| [^|]+ \| `(\w+\.\w+)`[^|]*\| (light|heavy) +\|$/gm)];
    const expected = languages.map(({ name, run }) => [name, run?.file, dialogues.get(name)?.weight]);
    expect(rows.map(([, name, file, weight]) => [name, file, weight])).toEqual(expected);
  });

  it('describes every key of a manifest', () => {
    for (const key of Object.keys(manifestSchema.shape)) expect(page).toMatch(new RegExp(`^\\| \`${key}\` +\\|`, 'm'));
  });

  it('has an example of a manifest and one of a dialogue', () => {
    expect(examples).toHaveLength(2);
    expect(() => manifestSchema.parse(examples[0])).not.toThrow();
    expect(() => dialogueSchema.parse(examples[1])).not.toThrow();
  });
});
