// The first line of an error's message, for people.
export const firstLine = (error) =>
  String(error?.message ?? error)
    .trim()
    .split('\n')[0];
