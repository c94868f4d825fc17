/**
 * The path, with its query, that a request's target names. Express lets a target without one, such as `a:b`, pass by every
 * handler and answers it in its own way; here it is a path like any other, which nobody serves. Pure.
 */
export function requestPath(target: string): string {
  if (target.startsWith('/')) return target;
  // As a client writes it to a proxy.
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target)) return `/${target}`;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
