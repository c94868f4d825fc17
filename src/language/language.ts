/** A language as its folder under `images/` describes it. */
export interface Language {
  readonly name: string;
  /** Shown to people, e.g. `Python`. */
  readonly title: string;
  /** The image that the Docker driver starts. */
  readonly image: string;
  /** argv of the REPL inside the sandbox. */
  readonly repl: readonly string[];
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
