/** The parsers of names, addresses and targets of the way out: what they take is read by the platform's own in the same way. */
import { BlockList, isIP } from 'node:net';
import { parseAddress, parseNetwork } from '../../../src/egress/address.js';
import { hostName, mayLieAt, parseEntry } from '../../../src/egress/allow-list.js';
import { EgressRefusal } from '../../../src/egress/egress-refusal.js';
import { isPublic } from '../../../src/egress/public-address.js';
import { allowedEntry, isHostOf, plainTarget, tunnelTarget, type Target } from '../../../src/egress/target.js';
import type { Random } from '../../support/random.js';
import { must, unless, type OpenTarget } from '../fuzz-target.js';
import { mutatedText } from '../mutate-text.js';

const authorities = ['pypi.example:443', 'index:80', '[::1]:443', '10.0.0.1:443', 'Files.Example.:8443'];
const urls = [
  ...[
    'http://index/simple/',
    'http://index:80/simple/a?b=c',
    'HTTP://Index.Example?q',
    'http://127.0.0.1/',
    'http://[::1]:80/',
  ],
  ...['http://user@index/', 'http://index#x', 'http://a.b.c:8080/x/../y'],
];
const addresses = [
  '10.0.0.1',
  '8.8.8.8',
  '::1',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '2001:db8::1',
  '64:ff9b::1.2.3.4',
  '2606:4700::1111',
];
const networks = ['10.0.0.0/8', 'fd00::/8', '192.168.1.0/24', '::ffff:10.0.0.0/104', '0.0.0.0/0'];
const entries = ['pypi.example:443', 'index:80/http@10.0.0.0/8', 'a.b:1@fd00::/8@10.0.0.0/8'];
const allowed = entries.map(parseEntry).filter((entry) => entry !== null);
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addSubnet('10.0.0.0', 8);
loopback.addSubnet('169.254.0.0', 16);
loopback.addAddress('::1', 'ipv6');
loopback.addSubnet('fe80::', 10, 'ipv6');
loopback.addSubnet('fc00::', 7, 'ipv6');

export function openEgressNames(): Promise<OpenTarget> {
  const kinds = [playAuthority, playUrl, playAddress, playNetwork, playEntry, playHost];
  return Promise.resolve({
    play: (random: Random) => {
      random.pick(kinds)(random);
    },
  });
}

function playAuthority(random: Random): void {
  const text = mutatedText(random, authorities);
  const target = unless(EgressRefusal, () => tunnelTarget(text));
  if (target === null) return;
  checkTarget(target, text);
  if (unless(EgressRefusal, () => allowedEntry(allowed, target)) === null) return;
  must(target.name === 'pypi.example' && target.port === 443, () => `${JSON.stringify(text)} was allowed`);
}

function playUrl(random: Random): void {
  const text = mutatedText(random, urls);
  const target = unless(EgressRefusal, () => plainTarget(text));
  if (target === null) return;
  checkTarget(target, text);
  must(
    target.path.startsWith('/') && !/[\s#]/.test(target.path[0] ?? ''),
    () => `${JSON.stringify(text)} has the path ${target.path}`,
  );
  // Whoever reads it by the web's rules must see the same server.
  if (!URL.canParse(text)) return;
  const { hostname, port } = new URL(text);
  const same = hostname.replace(/\.$/, '') === target.name && Number(port === '' ? 80 : port) === target.port;
  must(same, () => `${JSON.stringify(text)} is ${hostname}:${port} to others, ${target.name}:${target.port} here`);
}

function checkTarget({ name, port }: Target, text: string): void {
  must(hostName(name) === name, () => `${JSON.stringify(text)} names ${JSON.stringify(name)}, which is no name`);
  must(isIP(name) === 0 && !/^[\d.]+$/.test(name), () => `${JSON.stringify(text)} names the address ${name}`);
  must(Number.isInteger(port) && port >= 0, () => `${JSON.stringify(text)} has the port ${port}`);
}

function playAddress(random: Random): void {
  const text = mutatedText(random, addresses);
  const address = parseAddress(text);
  must(
    (address !== null) === (isIP(text) !== 0 && !text.includes('%')),
    () => `${JSON.stringify(text)} is read wrongly`,
  );
  if (address === null || !isPublic(address)) return;
  const family = isIP(text) === 4 ? 'ipv4' : 'ipv6';
  must(!loopback.check(text, family), () => `${text} counts as public`);
}

function playNetwork(random: Random): void {
  const text = mutatedText(random, networks);
  const network = parseNetwork(text);
  if (network === null) return;
  const [base = '', bits = ''] = text.split('/');
  const list = new BlockList();
  const family = network.address.family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(base, Number(bits), family);
  must(network.bits === Number(bits), () => `${text} has ${network.bits} bits`);
  must(list.check(base, family), () => `${text} is not read as others do`);
}

function playEntry(random: Random): void {
  const text = mutatedText(random, entries);
  const entry = parseEntry(text);
  if (entry === null) return;
  must(hostName(entry.name) === entry.name, () => `${JSON.stringify(text)} allows ${entry.name}`);
  must(entry.port >= 1 && entry.port <= 65_535, () => `${JSON.stringify(text)} allows port ${entry.port}`);
  const metadata = mayLieAt(entry, '169.254.169.254');
  must(!metadata || entry.networks.length > 0, () => `${JSON.stringify(text)} may lie at 169.254.169.254`);
}

function playHost(random: Random): void {
  const target: Target = { name: 'index', port: random.pick([80, 8080]), kind: 'http' };
  const header = mutatedText(random, ['index', 'index:80', 'INDEX.:8080', 'index:0080']);
  if (!isHostOf(header, target)) return;
  must(/^\s*index\.?(:0*\d+)?\s*$/i.test(header), () => `${JSON.stringify(header)} passes for ${target.name}`);
}
