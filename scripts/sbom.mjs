// `npm run sbom`: the software bill of materials, CycloneDX as npm makes it, of what is delivered: the packages that run in
// production, and those that are part of the files for browsers. It is written to dist/sbom.json, or to the file that is named
// (`npm run sbom -- /tmp/sbom.json`). It needs npm 10, and no network.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedWords } from './lib/asked-words.mjs';
import { bundledPackages } from './lib/bundled-packages.mjs';
import { ensureBuilt, ensureInstalled, root } from './lib/build.mjs';
import { output, say } from './lib/shell.mjs';

const usage = `npm run sbom [-- <file>]

Writes the software bill of materials, CycloneDX as JSON, of what is delivered, to dist/sbom.json or to that file.`;

/** What npm calls a package in the document. */
const refOf = ({ name, version }, path) => `${name ?? path.replace(/^.*node_modules\//, '')}@${version}`;

/** The document without what only those need who work on the project; what is left is complete, so that no reference dangles. */
function delivered(document, refs) {
  const top = document.metadata.component;
  // npm says the name of the folder.
  top.name = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name;
  const kept = new Set([top['bom-ref'], ...refs]);
  return {
    ...document,
    components: document.components
      .filter((component) => kept.has(component['bom-ref']))
      .map((component) => ({
        ...component,
        properties: component.properties.filter(({ name }) => name !== 'cdx:npm:package:development'),
      })),
    dependencies: document.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => kept.has(on)) })),
  };
}

const [file = join(root, 'dist', 'sbom.json')] = askedWords(usage, { most: 1 });
await ensureInstalled();
await ensureBuilt();
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const bundled = new Set(bundledPackages());
const refs = Object.entries(packages)
  .filter(([path, { dev, devOptional }]) => path !== '' && ((!dev && !devOptional) || bundled.has(path)))
  .map(([path, found]) => refOf(found, path));
const made = delivered(JSON.parse(output('npm', ['--prefix', root, 'sbom', '--sbom-format', 'cyclonedx'])), refs);
writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`);
say(`${made.components.length} packages are named in ${file}`);
