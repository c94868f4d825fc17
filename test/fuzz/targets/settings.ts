/** Settings of the runner, the guard and the proxy, and files of keys: all that is wrong is told in words, but no secret. */
import { parseGuardConfig } from '../../../guard/config.js';
import { parseProxyConfig } from '../../../proxy/config.js';
import { settings as guardSettings, prefix as guardPrefix } from '../../../guard/settings.js';
import { settings as proxySettings, prefix as proxyPrefix } from '../../../proxy/settings.js';
import { parseConfig } from '../../../src/config.js';
import { ConfigError } from '../../../src/config/config-error.js';
import { parseApiKeys } from '../../../src/config/parse-api-keys.js';
import { settings, prefix } from '../../../src/config/settings.js';
import type { Random } from '../../support/random.js';
import { must, unless, type OpenTarget } from '../fuzz-target.js';
import { mutatedText } from '../mutate-text.js';

type Env = Record<string, string>;

const values = [
  ...[
    '127.0.0.1',
    '0.0.0.0',
    '4657',
    'docker',
    'python=4,node=1:8',
    'https://a.example:8080,http://b',
    'no-token,inodes',
    '0.5',
  ],
  ...[
    'pypi.example:443,index:80/http@10.0.0.0/8',
    'https://pypi.example/simple/',
    'http://runner:4657',
    'dns:runner:4657',
  ],
  ...['/etc/keys', 'info', 'true', '1e3', '-1', 'latest'],
];
const secrets = ['0123456789abcdef0123456789abcdef-secret', 'another-secret-of-some-length-!!'];
const keyFiles = [
  '# keys\nweb:0123456789abcdef-secret\n\ncron:another-secret-of-some-length\n',
  'a:0123456789abcdef-secret\r\n',
];

const readers = [
  { prefix, names: Object.keys(settings), read: (env: Env) => unless(ConfigError, () => parseConfig(env)) },
  {
    prefix: guardPrefix,
    names: Object.keys(guardSettings),
    read: (env: Env) => unless(ConfigError, () => parseGuardConfig(env)),
  },
  {
    prefix: proxyPrefix,
    names: Object.keys(proxySettings),
    read: (env: Env) => unless(ConfigError, () => parseProxyConfig(env)),
  },
];

export function openSettings(): Promise<OpenTarget> {
  return Promise.resolve({
    play: (random: Random) => {
      if (random.percent(10)) playKeys(random);
      else playSettings(random);
      if (random.percent(10)) playSecret(random);
    },
  });
}

function playSettings(random: Random): void {
  const { prefix: begin, names, read } = random.pick(readers);
  const env: Env = {};
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const name = random.percent(95) ? random.pick(names) : mutatedText(random, names);
    env[begin + name] = random.percent(20) ? random.pick(values) : mutatedText(random, values);
  }
  const config = read(env);
  must(config === null || Object.isFrozen(config), () => 'settings that can be changed');
}

/** What is wrong with a token is told without it. */
function playSecret(random: Random): void {
  const secret = random.pick(secrets);
  const given = `${secret}${random.pick([' ', '\n', '\0', 'é', '"'])}${secret}`;
  const name = random.pick(['API_TOKEN', 'EGRESS_KEY']);
  try {
    parseConfig({ [prefix + name]: given });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    must(!error.message.includes(secret), () => `${name} is repeated`);
  }
}

function playKeys(random: Random): void {
  const text = mutatedText(random, keyFiles);
  try {
    for (const { name, key } of parseApiKeys(text))
      must(name !== '' && key.length >= 16, () => `${text} has a bad key`);
  } catch (error) {
    const { message } = error as Error;
    must(/^(line \d+ |it has no key)/.test(message), () => message);
    must(!message.replace(/gives \S+ the key/, '').includes('secret'), () => `a key is repeated: ${message}`);
  }
}
