/** What a page loads: defines `<repl-terminal>` and gives the client's classes to scripts that import it. */
import { ReplTerminal } from './repl-terminal.js';

export { SessionClient } from '../session-client.js';
export { ReplError } from '../repl-error.js';
export { ReplTerminal };

if (customElements.get('repl-terminal') === undefined) customElements.define('repl-terminal', ReplTerminal);
