// Whether a program is there; root's folders count for everybody, since a person can be told to use them.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const onPath = (program) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(join(folder, program)),
  );
