// The part of `npm run build` that makes the page at /docs: Swagger UI's own files and what goes around them, into dist/docs/.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { noteBundled } from './lib/bundled-packages.mjs';

const root = join(import.meta.dirname, '..');
const source = join(root, 'client', 'browser', 'api-docs');
const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const out = join(root, 'dist', 'docs');

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [join(source, 'api-docs.ts')],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'warning',
  metafile: true,
});
noteBundled('docs', [...Object.keys(metafile.inputs), 'node_modules/swagger-ui-dist']);
for (const name of ['index.html', 'api-docs.css']) copyFileSync(join(source, name), join(out, name));
copyFileSync(join(swagger, 'swagger-ui-bundle.js'), join(out, 'swagger-ui.js'));
copyFileSync(join(swagger, 'swagger-ui.css'), join(out, 'swagger-ui.css'));
for (const name of ['LICENSE', 'NOTICE']) copyFileSync(join(swagger, name), join(out, `swagger-ui.${name}.txt`));
