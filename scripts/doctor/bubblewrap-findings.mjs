// What is known of bubblewrap on this host, as findings. Pure.
import { acceptableWeaknesses } from '../lib/acceptable-weaknesses.mjs';
import { finding } from './finding.mjs';

const freed = {
  'kernel.unprivileged_userns_clone': '1',
  'user.max_user_namespaces': '15000',
  'kernel.apparmor_restrict_unprivileged_userns': '0',
};

/** A cgroup of its own, in which the runner has to be alone; nothing can be done about `inodes`. */
function remedyOf(weakness, { hasSystemd, hasCgroup2, isRoot }) {
  if (weakness === 'inodes' || !hasSystemd || !hasCgroup2) return null;
  return `systemd-run ${isRoot ? '' : '--user '}--scope -p Delegate=yes node scripts/start.mjs`;
}

function trialFinding({ obstacles, trial }, isRoot) {
  if (trial.failure === null) return finding('trial', 'ok', 'a trial sandbox works');
  const settings = obstacles.map((name) => `${name}=${freed[name]}`);
  const fix = settings.length === 0 ? null : `${isRoot ? '' : 'sudo '}sysctl -w ${settings.join(' ')}`;
  return finding('trial', 'missing', trial.failure, fix);
}

function weaknessFinding({ name, why }, facts) {
  const fix = remedyOf(name, facts);
  if (acceptableWeaknesses.includes(name)) return finding('weakness', 'note', `npm start accepts ${name}: ${why}`, fix);
  return finding('weakness', 'missing', `${name}: ${why}`, fix ?? `REPL_RUNNER_ACCEPT=${name} npm start`);
}

/** @returns {import('./finding.mjs').Finding[]} */
export function bubblewrapFindings(facts) {
  const { bubblewrap, isRoot, install } = facts;
  const { missing, trial } = bubblewrap;
  if (missing.length > 0)
    return [finding('programs', 'missing', `not installed: ${missing.join(', ')}`, install.bubblewrap)];
  const programs = finding('programs', 'ok', 'bwrap, setpriv, prlimit and python3 are installed');
  if (trial === null)
    return [programs, finding('trial', 'missing', 'no sandbox could be tried out before the rest is mended')];
  const weaknesses = trial.weaknesses.map((weakness) => weaknessFinding(weakness, facts));
  return [programs, trialFinding(bubblewrap, isRoot), ...weaknesses];
}
