/** What a log may show of a session's id: its replica and four characters, as the runner shows it. Pure. */
export function maskId(id: string): string {
  const parts = /^([a-z0-9-]{1,40}\.[0-9a-f]{4})/.exec(id);
  return parts === null ? '?' : `${parts[1] ?? ''}…`;
}
