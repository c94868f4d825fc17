/** A listing for people, a line for each entry. Pure. */
import type { ListedFile, Listing } from '../workspace-info.js';

const marks = { file: '', directory: '/', symlink: '', other: ' (special)' } as const;

/** Size, time and path; names are a program's own, so control characters are made visible. */
export function fileTable({ entries, truncated }: Listing): string {
  const width = Math.max(0, ...entries.map(({ size }) => String(size).length));
  const lines = entries.map((entry) => {
    const time = entry.modifiedAt.toISOString().slice(0, 19).replace('T', ' ');
    return `${String(entry.size).padStart(width)}  ${time}  ${nameOf(entry)}\n`;
  });
  return `${lines.join('')}${truncated ? '… and more\n' : ''}`;
}

function nameOf({ path, type, executable, target }: ListedFile): string {
  const mark = type === 'file' && executable ? '*' : marks[type];
  const arrow = target === null ? '' : ` -> ${target}`;
  return `${path}${mark}${arrow}`.replace(/\p{C}/gu, '·');
}
