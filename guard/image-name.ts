/** Which names are those of languages' images: `repl_runner/<language>:<the configured tag>`, and no digest. Pure. */
export function imageName(tag: string): RegExp {
  return new RegExp(`^repl_runner/[a-z][a-z0-9_-]{0,39}:${tag.replaceAll('.', String.raw`\.`)}$`);
}
