/** Where in a user's files a line of output points: `File "/sandbox/pkg/a.py", line 3, in f`. Pure. */

export interface TracebackLocation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Where in the text it stands; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Names in angle brackets, such as `<stdin>`, are no files. */
const pattern = /File "([^"<>\n]{1,1024})", line (\d{1,7})/g;

export function tracebackLocations(text: string): TracebackLocation[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: match[1] ?? '',
    line: Number(match[2]),
    start: match.index,
    end: match.index + match[0].length,
  }));
}
