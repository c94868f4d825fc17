/** Style sheets come into the component as text. */
declare module '*.css' {
  const text: string;
  export { text as default };
}
