// Installs Debian packages, said aloud, and only where that can work: as root on a machine with apt.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { answers, run, say } from './shell.mjs';

let listsAreFresh = false;

const onPath = (program) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(join(folder, program)),
  );

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

/** What a person has to do; a minimal Debian has neither package lists nor sudo. */
function advice(packages) {
  if (!hasApt()) return "Install them with this system's package manager; the names are Debian's.";
  const [sudo, who] = onPath('sudo') ? ['sudo ', ''] : ['', ' as root'];
  return `Type${who}: ${sudo}apt-get update && ${sudo}${command(packages)}`;
}

/** Installs what is missing; throws, naming the command to run, where it cannot. */
async function need(programs) {
  const packages = missing(programs);
  if (packages.length === 0) return;
  if (!canInstall()) throw new Error(`Missing here: ${packages.join(', ')}. ${advice(packages)}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (!listsAreFresh) {
    say('apt-get update');
    // One unreachable source among many must not stop what the others can deliver.
    await run('apt-get', ['update', '-q'], { quiet: true, env }).catch((error) => say(error.message));
    listsAreFresh = true;
  }
  say(command(packages));
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { quiet: true, env });
}

export const apt = { need, missing, canInstall, command };
