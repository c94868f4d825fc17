/** What a PromQL expression asks for, read by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Query {
  readonly selectors: readonly { readonly metric: string; readonly matchers: readonly Matcher[] }[];
  /** Labels that it groups or matches by. */
  readonly groupedBy: readonly string[];
}

/** Throws when it is no PromQL. */
export function parsePromql(expression: string): Query {
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const groupedBy: string[] = [];
  let [label, operator] = ['', ''];
  parser.parse(expression).iterate({
    enter: ({ type, from, to, node }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`this is no PromQL at ${from}: ${expression}`);
      if (type.name === 'Identifier') selectors.push({ metric: text, matchers: [] });
      else if (type.name === 'MatchOp') operator = text;
      else if (type.name === 'StringLiteral' && node.parent?.name === 'UnquotedLabelMatcher') {
        selectors.at(-1)?.matchers.push({ label, operator, value: text.slice(1, -1) });
      } else if (type.name === 'LabelName') {
        if (node.parent?.name === 'GroupingLabels') groupedBy.push(text);
        else label = text;
      }
    },
  });
  return { selectors, groupedBy };
}
