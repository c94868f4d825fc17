// What test/attack reports, a line of JSON for each attack and driver, as a table to read.
const outcomeWidth = 96;

const shortened = (text) => (text.length <= outcomeWidth ? text : `${text.slice(0, outcomeWidth - 1)}…`);

function verdict({ held, accepted }) {
  if (!held) return 'BROKEN';
  return accepted === null ? 'held' : `accepted: ${accepted}`;
}

export function attackTable(report) {
  const lines = report
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const rows = lines.map((line) => [
    line.name,
    line.driver,
    verdict(line),
    `${line.slowestMs} ms`,
    shortened(line.outcome),
  ]);
  const table = [['attack', 'driver', '', "neighbour's slowest echo", 'what came of it'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const text = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const broken = lines.filter(({ held }) => !held).length;
  const accepted = lines.filter(({ held, accepted }) => held && accepted !== null).length;
  const tally = `${lines.length} attacks: ${lines.length - broken - accepted} held, ${accepted} accepted, ${broken} broken`;
  return ['', ...text, '', tally].join('\n');
}
