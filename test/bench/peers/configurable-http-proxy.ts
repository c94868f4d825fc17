/** JupyterHub's proxy, as it comes, with everything going to one place. */
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { hasNpmPeer, npmPeersFolder } from './npm-peers.js';
import { PeerProcess } from './peer-process.js';

const name = 'configurable-http-proxy';

export const hasConfigurableHttpProxy = (): boolean => hasNpmPeer(name);

export async function startConfigurableHttpProxy(target: URL): Promise<PeerProcess> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const main = join(npmPeersFolder, 'node_modules', name, 'bin', name);
  const listens = [`--port=${port}`, '--ip=127.0.0.1', `--api-port=${apiPort}`, '--api-ip=127.0.0.1'];
  return await PeerProcess.start({
    program: process.execPath,
    args: [main, ...listens, `--default-target=${target.origin}`],
    says: /Route added/,
    // What it says has host and port the wrong way round.
    url: new URL(`http://127.0.0.1:${port}`),
  });
}
