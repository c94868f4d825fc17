/** Reads the text of a file of API keys: `name:key` on each line, `#` before a remark. Pure; no error repeats a key. */

export interface ApiKey {
  /** Whose it is; a name may have several keys, so that one can be replaced while both are in use. */
  readonly name: string;
  readonly key: string;
}

const line = /^([a-z0-9][a-z0-9_-]{0,39}):([\x21-\x7e]{16,1024})$/;

/** Throws Error that names each line that cannot be read, and for a file without a key. */
export function parseApiKeys(text: string): ApiKey[] {
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const given = raw.trim();
    if (given === '' || given.startsWith('#')) continue;
    const [, name, key] = line.exec(given) ?? [];
    if (name === undefined || key === undefined) {
      problems.push(
        `line ${index + 1} is not name:key, with a name of a-z, 0-9, _ and - and a key of 16 characters or more`,
      );
    } else if (keys.some((other) => other.key === key && other.name !== name)) {
      problems.push(`line ${index + 1} gives ${name} the key of another name`);
    } else {
      keys.push({ name, key });
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (keys.length === 0) throw new Error('it has no key');
  return keys;
}
