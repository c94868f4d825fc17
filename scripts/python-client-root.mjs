// Makes the root file system in which the Python client is tested: Debian's own httpx, pydantic 2, websockets, pytest and
// mypy, on the Python that comes with them. Kept in the cache folder beside those of the sandboxes. Needs root.
import { bootstrap, rootfsFolder } from './base-image.mjs';

const suite = 'trixie';
const packages = [
  ...['python3', 'python3-httpx', 'python3-pydantic', 'python3-websockets'],
  ...['python3-pytest', 'mypy'],
];

const pythonClientRoot = rootfsFolder(`${suite}-python-client`);

/** Bootstraps it unless that was done before; answers the folder. */
export async function makePythonClientRoot() {
  return await bootstrap(pythonClientRoot, suite, packages);
}
