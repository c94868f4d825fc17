/** What a page has to load, against its budget, and the hashes that it names for it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { describeWhere } from '../support/describe-where.js';
import { pageFolder } from './support/ground.js';

const built = describeWhere(existsSync(join(pageFolder, 'integrity.json')));
const componentBytes = 90_000;
const pageBytes = 250_000;

const content = (name: string): Buffer => readFileSync(join(pageFolder, name));
const weight = (...names: string[]): number =>
  names.reduce((sum, name) => sum + brotliCompressSync(content(name)).length, 0);

built('the build for browsers', () => {
  it('keeps the component within 90 KB', () => {
    expect(weight('repl-terminal.js')).toBeLessThanOrEqual(componentBytes);
  });

  it('keeps what the example page loads at first within 250 KB', () => {
    expect(weight('repl-terminal.js', 'repl-terminal-addons.js', 'page.js')).toBeLessThanOrEqual(pageBytes);
  });

  it('names the right hashes, in its list and in the page', () => {
    const list = JSON.parse(content('integrity.json').toString()) as Record<string, { integrity: string }>;
    const page = content('index.html').toString();
    for (const [name, { integrity }] of Object.entries(list)) {
      expect(integrity).toBe(`sha384-${createHash('sha384').update(content(name)).digest('base64')}`);
    }
    for (const name of ['repl-terminal.js', 'page.js']) expect(page).toContain(list[name]?.integrity ?? name);
  });
});
