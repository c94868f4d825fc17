/**
 * What a page has given an element before the element's class was there. It is the element's own, and would hide the class's
 * accessor of the same name.
 */
export function takeSetBefore<Host extends object, Name extends keyof Host>(
  host: Host,
  name: Name,
): Host[Name] | undefined {
  const value = Object.getOwnPropertyDescriptor(host, name)?.value as Host[Name] | undefined;
  Reflect.deleteProperty(host, name);
  return value;
}
