/** The tables of docs/configuration.md, and what they have to say by a table of settings. */
import { readFileSync } from 'node:fs';
import type { SettingsTable } from '../../src/config/read-settings.js';

const page = new URL('../../docs/configuration.md', import.meta.url);

/** The cells of the rows whose names begin so. */
export function documentedSettings(prefix: string): string[][] {
  return readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`| \`${prefix}`))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

export function describedSettings(prefix: string, settings: SettingsTable): string[][] {
  return Object.entries(settings).map(([name, { fallback, meaning, allowed }]) => [
    `\`${prefix}${name}\``,
    fallback === '' ? '–' : `\`${fallback}\``,
    meaning,
    allowed,
  ]);
}
