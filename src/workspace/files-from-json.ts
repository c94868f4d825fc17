/** Turns the `files` of a JSON body into checked entries, by the same rules as an archive. */
import type { WorkspaceEntry } from './entry.js';
import { EntryCollector, type WorkspaceBounds } from './entry-collector.js';
import { entryError } from './safe-path.js';

/** A file's content: its text, or its octets in base64. */
export type JsonFile = string | { readonly base64: string; readonly executable?: boolean | undefined };

/** Standard base64, padding optional. */
export const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/;

/** @throws RunnerError archive_unsafe, archive_invalid or archive_too_large, as for an archive */
export function entriesFromJson(files: Readonly<Record<string, JsonFile>>, bounds: WorkspaceBounds): WorkspaceEntry[] {
  const collector = new EntryCollector(bounds);
  for (const [name, file] of Object.entries(files)) {
    const path = collector.admit(name);
    const content = typeof file === 'string' ? Buffer.from(file) : decoded(name, file.base64);
    collector.reserve(content.length);
    collector.addFile(path, typeof file === 'string' ? false : file.executable === true, content);
  }
  return collector.entries();
}

function decoded(name: string, base64: string): Buffer {
  if (!base64Pattern.test(base64)) throw entryError('archive_invalid', name, 'its content is not base64');
  return Buffer.from(base64, 'base64');
}
