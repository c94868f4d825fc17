/** Which names a file may have, as the runner would take them. Pure; answers what is wrong, or null. */
export function faultOfName(name: string, taken: readonly string[]): string | null {
  if (name === '') return 'A file needs a name.';
  if (taken.includes(name)) return 'There is a file of this name already.';
  const odd = name.split('/').some((part) => part === '' || part === '.' || part === '..' || part.length > 200);
  if (odd || name.includes('\0') || name.includes('\\')) return 'Names are like hiker.py or pkg/hiker.py.';
  const clash = taken.some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`));
  return clash ? 'It cannot be a file and a folder at once.' : null;
}
