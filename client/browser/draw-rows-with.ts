/** Lets xterm.js make its rows with a document of ours as well. */
import type { Terminal } from '@xterm/xterm';

/** The way to what xterm.js 6.0 draws rows with; it has no name outside. */
interface Inside {
  readonly _core?: {
    readonly _renderService?: {
      readonly _renderer?: { readonly value?: { readonly _rowFactory?: { _document?: Document } } };
    };
  };
}

/**
 * `documentOverride` holds for all of xterm.js but its rows, whose colours are style attributes that a policy of
 * `style-src 'self'` refuses. Where a later version keeps its row factory elsewhere this does nothing; the browser test of
 * the policy then fails.
 */
export function drawRowsWith(terminal: Terminal, page: Document): void {
  // Fields that the type does not show, each looked for.
  const inside = terminal as unknown as Inside;
  const rows = inside._core?._renderService?._renderer?.value?._rowFactory;
  if (rows?._document !== undefined) rows._document = page;
}
