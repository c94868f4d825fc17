// Installs Debian packages, said aloud, and only where that can work: as root on a machine with apt.
import { onPath } from './on-path.mjs';
import { answers, run, say, step } from './shell.mjs';

let listsAreFresh = false;

/** Packages, of a map from program to package, whose program is missing here. */
const missing = (programs) => [
  ...new Set(
    Object.entries(programs)
      .filter(([program]) => !onPath(program))
      .map(([, name]) => name),
  ),
];

const hasApt = () => answers('apt-get', ['--version']);

const canInstall = () => process.getuid?.() === 0 && hasApt();

const command = (packages) => `apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/** What a person has to type, null where there is no apt; a minimal Debian has neither package lists nor sudo. */
function advice(packages) {
  if (!hasApt()) return null;
  const sudo = process.getuid?.() !== 0 && onPath('sudo') ? 'sudo ' : '';
  return `${sudo}apt-get update && ${sudo}${command(packages)}`;
}

function needed(packages) {
  const line = advice(packages);
  if (line === null) return "Install them with this system's package manager; the names are Debian's.";
  return `Type${process.getuid?.() === 0 || line.startsWith('sudo') ? '' : ' as root'}: ${line}`;
}

/** Installs what is missing; throws, naming the command to run, where it cannot. */
async function need(programs) {
  const packages = missing(programs);
  if (packages.length === 0) return;
  if (!canInstall()) throw new Error(`Missing here: ${packages.join(', ')}. ${needed(packages)}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (!listsAreFresh) {
    const update = () => run('apt-get', ['update', '-q'], { quiet: true, env });
    // One unreachable source among many must not stop what the others can deliver.
    await step('apt-get update', update).catch((error) => say(error.message));
    listsAreFresh = true;
  }
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  await step(command(packages), () => run('apt-get', args, { quiet: true, env }));
}

export const apt = { need, missing, advice, canInstall, command };
