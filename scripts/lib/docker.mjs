// The Docker daemon's API with nothing but Node, for what the scripts need before and beside the runner: whether one
// answers, importing a base image, and counting containers. Knows unix sockets and plain TCP.
import http from 'node:http';

const defaultSocket = '/var/run/docker.sock';
const askTimeoutMs = 30_000;

function address() {
  const host = process.env.DOCKER_HOST;
  if (!host) return { socketPath: defaultSocket };
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) || defaultSocket };
  const { hostname, port } = new URL(host.replace(/^tcp:/, 'http:'));
  return { hostname, port: port || 2375 };
}

/** Resolves to status and text of the answer; `body` is a stream, `timeoutMs` bounds a silence. */
function ask(method, path, { body, timeoutMs = askTimeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' } : {};
    const request = http.request({ ...address(), method, path, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', reject);
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error('the Docker daemon does not answer')));
    request.on('error', reject);
    if (body) body.pipe(request);
    else request.end();
  });
}

async function answers() {
  const ping = await ask('GET', '/_ping', { timeoutMs: 3_000 }).catch(() => null);
  return ping?.status === 200;
}

/** What the daemon says of itself: its `version` and `info`. Rejects with an errno's code where none answers. */
async function describe() {
  const [version, info] = await Promise.all(['/version', '/info'].map((path) => ask('GET', path)));
  if (info.status !== 200) throw new Error(info.text.trim());
  return { version: JSON.parse(version.text), info: JSON.parse(info.text) };
}

/** The labels of an image; null when the daemon has no such image. */
async function imageLabels(name) {
  const { status, text } = await ask('GET', `/images/${name}/json`);
  return status === 200 ? (JSON.parse(text).Config.Labels ?? {}) : null;
}

async function hasImage(name) {
  return (await ask('GET', `/images/${name}/json`)).status === 200;
}

async function imageId(name) {
  const { status, text } = await ask('GET', `/images/${name}/json`);
  if (status !== 200) throw new Error(`There is no image ${name}: ${text.trim()}`);
  return JSON.parse(text).Id;
}

/** Makes an image of a tar stream. */
async function importImage(name, tar) {
  const [repo, tag] = name.split(':');
  const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(repo)}&tag=${encodeURIComponent(tag)}`;
  const { status, text } = await ask('POST', path, { body: tar, timeoutMs: 10 * 60_000 });
  if (status !== 200 || text.includes('"error"')) throw new Error(`Importing ${name} failed: ${text.trim()}`);
}

/** Ids of the containers with the label, in whatever state. */
async function containers(label) {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const { status, text } = await ask('GET', `/containers/json?all=1&filters=${filters}`);
  if (status !== 200) throw new Error(`Listing containers failed: ${text.trim()}`);
  return JSON.parse(text).map(({ Id }) => Id);
}

export const docker = { answers, describe, imageLabels, hasImage, imageId, importImage, containers };
