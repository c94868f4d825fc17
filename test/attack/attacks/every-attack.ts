/** All attacks, in the order in which they are carried out. */
import type { Attack } from '../attack.js';
import { agentAttacks } from './agents.js';
import { fileAttacks } from './files.js';
import { kernelAttacks } from './kernel.js';
import { processAttacks } from './processes.js';
import { resourceAttacks } from './resources.js';
import { terminalAttacks } from './terminals.js';

export const everyAttack: readonly Attack[] = [
  ...resourceAttacks,
  ...processAttacks,
  ...kernelAttacks,
  ...terminalAttacks,
  ...fileAttacks,
  ...agentAttacks,
];
