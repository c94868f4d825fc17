// A diagnosis as text for people. Pure.
const marks = { ok: '✓', note: '!', missing: '✗' };
const titles = {
  runner: 'Runner',
  docker: 'Sandboxes by Docker',
  bubblewrap: 'Sandboxes by bubblewrap',
  examples: 'Example app and docker-compose.yml',
  tests: 'npm test',
};

function linesOf({ state, says, fix }) {
  const [first, ...rest] = says.split('\n');
  return [
    `  ${marks[state]} ${first}`,
    ...rest.map((line) => `    ${line}`),
    ...(fix === null ? [] : [`      → ${fix}`]),
  ];
}

export function reportOf({ ok, driver, areas }) {
  const blocks = Object.entries(areas)
    .filter(([, findings]) => findings.length > 0)
    .map(([area, findings]) => [titles[area], ...findings.flatMap(linesOf)].join('\n'));
  const verdict = ok
    ? `npm start works here, with sandboxes by ${driver === 'docker' ? 'Docker' : 'bubblewrap'}.`
    : 'npm start does not work here yet: ✗ says what is missing, → what to do about it.';
  return [...blocks, verdict].join('\n\n');
}
