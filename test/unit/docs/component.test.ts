import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const docs = read('docs/component.md');
const source = read('client/browser/repl-terminal.ts') + read('client/browser/host-attributes.ts');
const style = read('client/browser/repl-terminal.css');
const named = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
];

describe('docs/component.md', () => {
  it('has every event, and no other', () => {
    const told = named(source, /#tell\('(repl-[a-z]+)'/g).sort();
    expect(told.length).toBeGreaterThan(5);
    expect(named(docs, /^\| `(repl-[a-z]+)` /gm).sort()).toEqual(told);
  });

  it('has every attribute', () => {
    const attributes = named(source, /(?:get|has|set|toggle)Attribute\('([a-z-]+)'/g).filter(
      (name) => !name.startsWith('aria-'),
    );
    expect(attributes.length).toBeGreaterThan(5);
    for (const attribute of attributes) expect(docs).toContain(`| \`${attribute}\``);
  });

  it('has every public method', () => {
    const methods = named(read('client/browser/repl-terminal.ts'), /^ {2}(?:override |async )?([a-z][A-Za-z]+)\(/gm);
    const platform = ['constructor', 'connectedCallback', 'disconnectedCallback', 'attributeChangedCallback'];
    for (const method of methods.filter((name) => !platform.includes(name))) expect(docs).toContain(`| \`${method}(`);
  });

  it('has every custom property', () => {
    const sixteen = /^--repl-(bright-)?(black|red|green|yellow|blue|magenta|cyan|white)$/;
    const properties = named(style, /var\(\s*(--repl-[a-z-]+)/g).filter((name) => !sixteen.test(name));
    for (const property of properties.filter((name) => name !== '--repl-scrollbar-hover'))
      expect(docs).toContain(property);
  });
});
