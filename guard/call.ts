/**
 * Which of the few allowed calls a request is, read off its method and its target alone. Pure. Paths that could be read in
 * more than one way are refused before anything is compared, and what is sent to the daemon is written anew from what was
 * understood (`targetOf`), never copied.
 */
import { imageName } from './image-name.js';
import { readQuery, type QueryRules } from './query.js';
import { Refusal } from './refusal.js';

export type ContainerCallName = 'attach' | 'inspect' | 'remove' | 'start' | 'wait';

export type Call = Readonly<
  { version: string; query: Readonly<Record<string, string>> } & (
    | { name: 'create' | 'info' | 'list' | 'ping' | 'version' }
    | { name: 'image'; image: string }
    | { name: ContainerCallName; container: string }
  )
>;

/** All that can be counted; `other` is what is none of them. */
export const callNames = [
  ...(['attach', 'create', 'image', 'info', 'inspect', 'list', 'other', 'ping'] as const),
  ...(['remove', 'start', 'version', 'wait'] as const),
];

const boolean = /^(true|false|1|0)$/;
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** Characters that stand for themselves; no encoded ones, so that there is one way to read a path. */
const plainPath = /^(\/[A-Za-z0-9_][A-Za-z0-9_.:-]*)+$/;
/** The daemon's own, or 1.41 (Docker 20.10) and later: older ones read bodies that nobody looks at here. */
const versionPrefix = /^\/v1\.(4[1-9]|[5-9][0-9])(?=\/)/;
/** A container is called by its whole id: names and beginnings of ids may mean another one tomorrow. */
const containerPath = /^\/containers\/([0-9a-f]{64})(?:\/(json|start|wait|attach))?$/;

interface PlainRoute {
  readonly method: string;
  readonly path: string;
  readonly name: 'create' | 'info' | 'list' | 'ping' | 'version';
  readonly query: QueryRules;
}

const plainRoutes: readonly PlainRoute[] = [
  { method: 'GET', path: '/_ping', name: 'ping', query: {} },
  { method: 'HEAD', path: '/_ping', name: 'ping', query: {} },
  { method: 'GET', path: '/version', name: 'version', query: {} },
  { method: 'GET', path: '/info', name: 'info', query: {} },
  {
    method: 'POST',
    path: '/containers/create',
    name: 'create',
    query: { name: { allowed: new RegExp(`^repl_${uuid}$`), needed: true } },
  },
  {
    method: 'GET',
    path: '/containers/json',
    name: 'list',
    query: { all: { allowed: boolean }, filters: { allowed: /^.{0,2000}$/ } },
  },
];

const containerRoutes: Readonly<Record<string, { name: ContainerCallName; query: QueryRules }>> = {
  'GET json': { name: 'inspect', query: {} },
  'POST start': { name: 'start', query: {} },
  'POST wait': { name: 'wait', query: { condition: { allowed: /^(next-exit|not-running)$/ } } },
  'POST attach': {
    name: 'attach',
    query: {
      hijack: { allowed: boolean },
      stream: { allowed: /^(true|1)$/, needed: true },
      stdin: { allowed: boolean },
      stdout: { allowed: boolean },
      stderr: { allowed: boolean },
    },
  },
  'DELETE ': { name: 'remove', query: { force: { allowed: boolean }, v: { allowed: boolean } } },
};

export interface RequestLine {
  readonly method: string;
  /** The request's target as it came, with its query. */
  readonly target: string;
}

/** Throws Refusal for everything that is not allowed by its looks; whose container it is, it does not know. */
export function readCall({ method, target }: RequestLine, imageTag: string): Call {
  const [whole = '', ...more] = target.split('?');
  if (whole.length > 300 || target.length > 4096) throw new Refusal(403, 'The guard refuses so long a path.');
  if (!plainPath.test(whole) || more.length > 1) throw new Refusal(403, 'The guard refuses this form of a path.');
  const [version = ''] = versionPrefix.exec(whole) ?? [];
  const path = whole.slice(version.length);
  const query = (rules: QueryRules) => ({ version, query: readQuery(more[0] ?? '', rules) });

  const plain = plainRoutes.find((route) => route.method === method && route.path === path);
  if (plain !== undefined) return { name: plain.name, ...query(plain.query) };

  const [, container, action = ''] = containerPath.exec(path) ?? [];
  const route = containerRoutes[`${method} ${action}`];
  if (container !== undefined && route !== undefined) return { name: route.name, container, ...query(route.query) };

  const [, image = ''] = /^\/images\/(.*)\/json$/.exec(path) ?? [];
  if (method === 'GET' && imageName(imageTag).test(image)) return { name: 'image', image, ...query({}) };
  throw new Refusal(403, 'The guard does not pass this call on.');
}

/** The target as the daemon is asked for it. */
export function targetOf(call: Call): string {
  const query = new URLSearchParams(call.query).toString();
  return `${call.version}${pathOf(call)}${query === '' ? '' : `?${query}`}`;
}

function pathOf(call: Call): string {
  switch (call.name) {
    case 'ping':
      return '/_ping';
    case 'create':
      return '/containers/create';
    case 'list':
      return '/containers/json';
    case 'info':
    case 'version':
      return `/${call.name}`;
    case 'image':
      return `/images/${call.image}/json`;
    case 'inspect':
      return `/containers/${call.container}/json`;
    case 'remove':
      return `/containers/${call.container}`;
    default:
      return `/containers/${call.container}/${call.name}`;
  }
}
