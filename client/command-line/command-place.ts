/** What a command is given of its surroundings, so that it looks at none by itself. */
export interface CommandPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly print: (text: string) => void;
}
