/** A language as its folder under `images/` describes it. */
export interface Language {
  readonly name: string;
  /** Shown to people, e.g. `Python`. */
  readonly title: string;
  /** The image that the Docker driver starts. */
  readonly image: string;
  /** argv of the REPL inside the sandbox; null for a language that only runs files. */
  readonly repl: readonly string[] | null;
  /** How a file is run; null for a language that cannot. */
  readonly run: LanguageRun | null;
  /** argv of the harness that calls functions for `evaluate`; absent where a language has none. */
  readonly evaluate?: readonly string[];
  /** Environment of every process of the user. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Path in the sandbox of a start-up hook that waits for the claim, put into the variable named here; without one, the
   * REPL is started at the claim.
   */
  readonly startupHook: { readonly variable: string; readonly path: string } | null;
  /** Programs that must exist on the host for bubblewrap to serve it. */
  readonly hostPrograms: readonly string[];
  /** argv that prints the version. */
  readonly version: readonly string[];
}

/** In each argv `{file}` stands for the file to run, relative to the workspace. */
export interface LanguageRun {
  /** The file that is run where the request names none. */
  readonly file: string;
  /** What makes a program of the file, once before it is run, however often; null where there is nothing to make. */
  readonly build: readonly string[] | null;
  readonly argv: readonly string[];
}
