// The browser's part of `npm run build`: bundles the component, the client and the example page into dist/browser/, with
// the hashes that a page names in `integrity`. What is loaded on demand is a file of its own.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { noteBundled } from './lib/bundled-packages.mjs';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist', 'browser');
const source = (path) => join(root, path);

const bundles = {
  'repl-terminal': source('client/browser/define.ts'),
  'repl-terminal-images': source('client/browser/repl-terminal-images.ts'),
  'repl-terminal-search': source('client/browser/repl-terminal-search.ts'),
  'repl-terminal-addons': source('client/browser/repl-terminal-addons.ts'),
  'repl-client': source('client/repl-client.ts'),
};
const page = { page: source('examples/web/page/page.ts') };
const copied = ['page.css', 'icon.svg'];

const cssAsText = {
  name: 'css-as-text',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true, target: 'es2022' });
      return { contents: code, loader: 'text' };
    }),
};

const options = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  plugins: [cssAsText],
  // Loaded on demand; they stay imports of the files beside.
  external: ['./repl-terminal-*.js'],
  logLevel: 'warning',
  metafile: true,
};

const integrityOf = (content) => `sha384-${createHash('sha384').update(content).digest('base64')}`;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const built = [await build({ ...options, entryPoints: bundles }), await build({ ...options, entryPoints: page })];
noteBundled(
  'browser',
  built.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
);

const integrity = {};
for (const name of [...Object.keys(bundles), ...Object.keys(page)].map((entry) => `${entry}.js`)) {
  const content = readFileSync(join(out, name));
  integrity[name] = {
    integrity: integrityOf(content),
    bytes: content.length,
    brotli_bytes: brotliCompressSync(content).length,
  };
}
writeFileSync(join(out, 'integrity.json'), `${JSON.stringify(integrity, null, 2)}\n`);
for (const name of copied) copyFileSync(source(`examples/web/page/${name}`), join(out, basename(name)));
const html = readFileSync(source('examples/web/page/index.html'), 'utf8');
const withIntegrity = html.replace(/integrity-of:([a-z-]+\.js)/g, (_, name) => integrity[name].integrity);
writeFileSync(join(out, 'index.html'), withIntegrity);
