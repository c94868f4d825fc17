// Brings dependencies and build up to date, in a process of its own for commands whose stdout is not for that. Says why it
// cannot, and ends with 1.
import { checkNode, ensureBuilt, ensureInstalled } from './build.mjs';

try {
  checkNode();
  await ensureInstalled();
  await ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
