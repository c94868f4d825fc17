// What is known of the Docker daemon, as findings. Pure.
import { finding } from './finding.mjs';

/** The API of Docker 20.10, the oldest that a runner works with. */
const oldestApi = [1, 41];

function isOld(api) {
  const [major, minor] = api.split('.').map(Number);
  return major < oldestApi[0] || (major === oldestApi[0] && minor < oldestApi[1]);
}

function absent({ docker, hasSystemd, isRoot, install }) {
  const { address, elsewhere, failure, installed } = docker;
  const sudo = isRoot ? '' : 'sudo ';
  const start = hasSystemd ? `${sudo}systemctl start docker` : `${sudo}sh -c 'dockerd > /tmp/dockerd.log 2>&1 &'`;
  const says = `no daemon answers at ${address} (${failure})`;
  if (elsewhere !== null) return finding('daemon', 'missing', says, `export DOCKER_HOST=${elsewhere}`);
  if (failure === 'EACCES') {
    const own = 'sudo usermod -aG docker "$USER" && newgrp docker';
    return finding('daemon', 'missing', `${address} is closed to you (EACCES); its group is as mighty as root`, own);
  }
  if (!address.endsWith('/var/run/docker.sock')) {
    return finding('daemon', 'missing', `${says}, which DOCKER_HOST names`, 'unset DOCKER_HOST');
  }
  if (installed) return finding('daemon', 'missing', says, start);
  return finding('daemon', 'missing', `${says}; Docker is not installed`, install.docker);
}

function limitsFinding({ MemoryLimit, CpuCfsQuota, PidsLimit, CgroupDriver, CgroupVersion }) {
  const what = { memory: MemoryLimit, cpu: CpuCfsQuota, processes: PidsLimit };
  const unlimited = Object.keys(what).filter((name) => !what[name]);
  const cgroup = `cgroup version ${CgroupVersion ?? 1}, driver ${CgroupDriver}`;
  if (unlimited.length === 0) return finding('limits', 'ok', cgroup);
  const says = `the daemon cannot limit ${unlimited.join(', ')} (${cgroup})`;
  return finding('limits', 'missing', says, 'see docs/security.md#less-trust-in-one-kernel-and-in-one-daemon');
}

function runtimeFinding({ Runtimes, DefaultRuntime }, settings) {
  const wanted = settings?.dockerRuntime ?? null;
  const known = Object.keys(Runtimes ?? {});
  if (wanted === null) return finding('runtime', 'ok', `runtime ${DefaultRuntime}`);
  if (known.includes(wanted)) return finding('runtime', 'ok', `runtime ${wanted}`);
  const says = `REPL_RUNNER_DOCKER_RUNTIME is ${wanted}, which the daemon does not know; it knows ${known.join(', ')}`;
  return finding('runtime', 'missing', says, 'unset REPL_RUNNER_DOCKER_RUNTIME');
}

/** A swarm does without: there the two exclude each other. */
function liveRestoreFindings({ LiveRestoreEnabled, Swarm }, { hasSystemd, isRoot }) {
  if (LiveRestoreEnabled)
    return [finding('live_restore', 'ok', 'live-restore: sessions outlive a restart of the daemon')];
  if (Swarm?.LocalNodeState === 'active') return [];
  const sudo = isRoot ? '' : 'sudo ';
  const reload = hasSystemd ? `${sudo}systemctl reload docker` : `${sudo}kill -HUP "$(pidof dockerd)"`;
  const fix = `set "live-restore": true in /etc/docker/daemon.json, then type ${reload}`;
  return [finding('live_restore', 'note', 'without live-restore a restart of the daemon ends all sessions', fix)];
}

function imageFinding({ name, state }) {
  const fix = `npm run images ${name}`;
  if (state === 'current') return finding('image', 'ok', `the image of ${name} is up to date`);
  const says = state === 'missing' ? 'is not built' : 'was built from other files';
  return finding('image', 'note', `the image of ${name} ${says}; npm start builds it`, fix);
}

/** @returns {import('./finding.mjs').Finding[]} */
export function dockerFindings(facts) {
  const { docker, images, settings } = facts;
  if (docker.failure !== null) return [absent(facts)];
  const { version, info } = docker;
  const name = `daemon ${version.Version} (API ${version.ApiVersion}) at ${docker.address}`;
  const tooOld = `${name} is too old: 20.10 (API ${oldestApi.join('.')}) or newer is needed`;
  return [
    isOld(version.ApiVersion) ? finding('daemon', 'missing', tooOld) : finding('daemon', 'ok', name),
    limitsFinding(info),
    runtimeFinding(info, settings),
    ...liveRestoreFindings(info, facts),
    ...images.map(imageFinding),
  ];
}
