// Lets Node run the TypeScript of this repository as it lies there: `node --import ./scripts/lib/typescript.mjs file.ts`.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
