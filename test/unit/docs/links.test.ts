/** The pages for people: their links lead somewhere, and docs/contributing.md names files that are there. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const pages = [
  'README.md',
  'client/python/README.md',
  ...['docs', 'examples'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];
const contentOf = (page: string): string => readFileSync(page, 'utf8');
const withoutCode = (text: string): string => text.replace(/^```.*?^```/gms, '');

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [...withoutCode(contentOf(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const linksOf = (page: string): string[] =>
  [...withoutCode(contentOf(page)).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target = '']) => target);

function isDead(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(target)) return true;
  return anchor !== undefined && !(statSync(target).isFile() && anchorsOf(target).includes(anchor));
}

describe('The pages', () => {
  it.each(pages)('%s links to what is there', (page) => {
    expect(linksOf(page).filter((link) => isDead(page, link))).toEqual([]);
  });
});

describe('docs/contributing.md', () => {
  const text = contentOf('docs/contributing.md');

  it('names files and folders that are there', () => {
    const named = [
      ...text.matchAll(/`((?:src|proxy|guard|client|images|test|examples)\/[\w./-]*|[\w.-]+\.(?:cjs|yml))`/g),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names commands that there are', () => {
    const { scripts } = JSON.parse(contentOf('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('is two pages long at most', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(130);
  });
});
