/** The shapes of requests and answers about files. Paths are checked by `workspace/file-path`, not here. */
import { z } from 'zod';
import { base64Pattern } from '../workspace/files-from-json.js';
import { filesSchema, sessionSchema, type RequestSchemas } from './schemas.js';

const flag = z
  .enum(['0', '1'])
  .transform((value) => value === '1')
  .optional();

export const listQuerySchema = z.strictObject({
  path: z.string().optional().meta({ description: 'The folder; the workspace itself when absent.' }),
  recursive: flag.meta({ description: '1 lists what is below it as well.' }),
});

export const listingSchema = z
  .object({
    entries: z.array(
      z
        .object({
          path: z.string(),
          type: z.enum(['file', 'directory', 'symlink', 'other']),
          size: z.int(),
          executable: z.boolean(),
          modified_at: z.iso.datetime(),
          target: z.string().nullable().meta({ description: 'Where a symbolic link leads; null for all else.' }),
        })
        .meta({ id: 'FileEntry' }),
    ),
    truncated: z.boolean().meta({ description: 'There is more than a listing may hold.' }),
  })
  .meta({ id: 'Listing' });

/** Either form of a file's content. */
export const fileBodySchema = z
  .union(
    [
      z.strictObject({ content: z.string(), executable: z.boolean().optional() }),
      z.strictObject({ base64: z.string().regex(base64Pattern), executable: z.boolean().optional() }),
    ],
    { error: 'must be {"content": …} or {"base64": …}, with "executable" or without' },
  )
  .meta({ id: 'FileRequest' });

export const writeQuerySchema = z.strictObject({
  executable: flag.meta({ description: 'Beside octets; absent keeps what the file was.' }),
});

export const fileSchema = z
  .object({
    path: z.string(),
    size: z.int(),
    executable: z.boolean(),
    modified_at: z.iso.datetime(),
    content: z.string().optional().meta({ description: 'Where it is UTF-8.' }),
    base64: z.string().optional().meta({ description: 'Where it is not.' }),
  })
  .meta({ id: 'File' });

export const renameSchema = z
  .strictObject({
    path: z.string().meta({ description: 'Where it goes.' }),
    overwrite: z.boolean().optional().meta({ description: 'Whether it may take the place of something.' }),
  })
  .meta({ id: 'RenameRequest' });

export const readArchiveQuerySchema = z.strictObject({ gzip: flag.meta({ description: '1 compresses it.' }) });

export const writeArchiveQuerySchema = z.strictObject({
  merge: flag.meta({ description: '1 keeps what is there and not in the archive.' }),
});
/** There is nothing to say beside the files. */
export const archiveOptionsSchema = z.strictObject({});
export const archiveBodySchema = z.strictObject({ files: filesSchema }).meta({ id: 'ArchiveRequest' });
export const unpackedSchema = z.object({ files: z.int(), bytes: z.int() }).meta({ id: 'Unpacked' });

export function forkSchema(schemas: RequestSchemas) {
  return schemas.startOptions.omit({ language: true }).meta({ id: 'ForkRequest' });
}

export const forkAnswerSchema = sessionSchema
  .extend({
    fork: z.object({
      files: z.int(),
      bytes: z.int(),
      copied: z.array(z.string()),
      not_copied: z.array(z.string()).meta({ description: 'What a fork never takes along.' }),
      left_out: z
        .array(z.object({ path: z.string(), reason: z.string() }))
        .meta({ description: 'Things in the workspace that could not be copied, up to 20.' }),
      left_out_count: z.int(),
    }),
  })
  .meta({ id: 'ForkedSession' });
