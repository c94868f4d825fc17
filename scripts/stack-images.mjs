// Builds the images of docker-compose.yml for the tests: on a base that is on the daemon, with packages and build from this
// machine, since nothing else may be reachable. They are tagged with their content, so that two trees may be tested on one
// daemon at once, and so that an unchanged tree builds nothing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './lib/build.mjs';
import { docker } from './lib/docker.mjs';
import { run, say } from './lib/shell.mjs';
import { fillOutside, outside } from './outside-build.mjs';

const prefix = 'repl_runner/';
const names = ['nginx', 'web', 'guard', 'runner'];

/** What the images are made of; the build stands for its sources, the lock file for the packages. */
const ingredients = [
  ...['docker-compose.yml', 'Dockerfile', '.dockerignore', 'package.json', 'package-lock.json'],
  ...['scripts/outside-build.mjs', 'proxy/nginx', 'dist', 'images', 'examples'],
];
const notInImages = /(^|\/)(dist\/test\/|__pycache__\/)/;

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function contentTag(baseId) {
  const hash = createHash('sha256').update(baseId);
  const files = ingredients.flatMap((path) => filesOf(join(root, path))).map((path) => relative(root, path));
  for (const file of files.filter((path) => !notInImages.test(path)).sort()) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.byteLength}\0`).update(content);
  }
  return `test-${hash.digest('hex').slice(0, 12)}`;
}

async function build(services, env) {
  const startedAt = Date.now();
  // One after the other: they share all layers but the last.
  for (const service of services) {
    await run('docker-compose', ['build', '--force-rm', service], { quiet: true, cwd: root, env });
    say(`${prefix}${service}:${env.IMAGE_TAG} is ready (${Math.round((Date.now() - startedAt) / 1000)} s).`);
  }
}

async function buildAll(env) {
  const wasThere = existsSync(outside);
  try {
    fillOutside();
    const ends = await Promise.allSettled([build(['nginx'], env), build(['web', 'guard', 'runner'], env)]);
    for (const { reason } of ends.filter(({ status }) => status === 'rejected')) throw reason;
  } finally {
    // Left behind, it would be taken for the current build by the next `docker-compose build`.
    if (!wasThere) rmSync(outside, { recursive: true, force: true });
  }
}

/** Builds what is missing on the base image; answers the tag. Needs packages and build to be up to date. */
export async function makeStackImages(baseImage) {
  const tag = contentTag(await docker.imageId(baseImage));
  const here = await Promise.all(names.map((name) => docker.hasImage(`${prefix}${name}:${tag}`)));
  if (!here.includes(false)) return tag;
  say(`Building the images of docker-compose.yml on ${baseImage} (a minute or two at first, then less) …`);
  await buildAll({
    ...{ BASE_IMAGE: baseImage, NGINX_BASE_IMAGE: baseImage, IMAGE_PREFIX: prefix, IMAGE_TAG: tag, GUARD_TAG: tag },
    // The file wants them whatever it is used for.
    ...{ REPL_RUNNER_API_TOKEN: 'not-used-by-a-build', DOCKER_GID: '0' },
    // The builder that every daemon has, and no docker command.
    ...{ COMPOSE_DOCKER_CLI_BUILD: '0', DOCKER_BUILDKIT: '0' },
  });
  return tag;
}
