/** One checked thing of a workspace: its path is relative, normalised, without `..`, and UTF-8. */
export type WorkspaceEntry =
  | { readonly type: 'file'; readonly path: string; readonly executable: boolean; readonly content: Buffer }
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string };
