/**
 * The guard's parsers: requests, filters and bodies of creations. What they take is understood in the same way once more, and
 * is a sandbox of ours whatever else was written beside it.
 */
import { readCall, targetOf } from '../../../guard/call.js';
import { parseGuardConfig } from '../../../guard/config.js';
import { createCheck } from '../../../guard/create-body.js';
import { forcedFilters } from '../../../guard/list-filters.js';
import { Refusal } from '../../../guard/refusal.js';
import { containerBody } from '../../support/container-body.js';
import { testDeployment } from '../../support/grounds.js';
import type { Random } from '../../support/random.js';
import { must, unless, type OpenTarget } from '../fuzz-target.js';
import { mutatedJson } from '../mutate-json.js';
import { mutatedText } from '../mutate-text.js';

const id = '0123456789abcdef'.repeat(4);
const uuid = '11111111-2222-4333-8444-555555555555';
export const guardTargets = [
  ...['/_ping', '/v1.45/info', '/v1.41/version', `/v1.45/containers/create?name=repl_${uuid}`],
  ...['/v1.45/containers/json?all=true&filters=%7B%22label%22%3A%5B%22repl_runner%3D1%22%5D%7D'],
  ...[`/v1.45/containers/${id}/json`, `/v1.45/containers/${id}/start`, `/containers/${id}/wait?condition=next-exit`],
  ...[
    `/v1.45/containers/${id}/attach?stream=1&stdin=1&stdout=true&stderr=true`,
    `/v1.45/containers/${id}?force=true&v=1`,
  ],
  ...[
    '/v1.45/images/repl_runner/python:latest/json',
    '/v1.45/containers/prune',
    '/v1.45/volumes',
    '/v1.45/build?remote=x',
  ],
];
const methods = ['GET', 'POST', 'DELETE', 'HEAD', 'PUT', 'CONNECT', 'get', ''];
const filters = [{ label: ['repl_runner=1'] }, { label: ['repl_runner.replica=a', 'repl_runner.session_id=a.1'] }, {}];
const deployment = 'fuzz';
export const guardConfig = parseGuardConfig({ REPL_GUARD_DEPLOYMENT: deployment });
export const guardBodies: readonly unknown[] = [
  containerBody({ tag: 'latest' }).body,
  containerBody({ tag: 'latest', limits: { cpus: 0.5, processes: 16 }, autoRemove: false }).body,
].map(withoutChance);
const check = createCheck(guardConfig.create);

export function openGuardCalls(): Promise<OpenTarget> {
  const kinds = [playCall, playCall, playFilters, playBody];
  return Promise.resolve({
    play: (random: Random) => {
      random.pick(kinds)(random);
    },
  });
}

/** The same in every run, so that inputs made of it are. */
function withoutChance(body: unknown): unknown {
  const text = JSON.stringify(body).replaceAll(testDeployment, deployment);
  return JSON.parse(text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, uuid));
}

function playCall(random: Random): void {
  const method = random.pick(methods);
  const target = mutatedText(random, guardTargets);
  const read = (text: string) => readCall({ method, target: text }, 'latest');
  const call = unless(Refusal, () => read(target));
  if (call === null) return;
  const written = targetOf(call);
  must(/^[\x21-\x7e]+$/.test(written), () => `${JSON.stringify(target)} became ${JSON.stringify(written)}`);
  const again = JSON.stringify(read(written));
  must(again === JSON.stringify(call), () => `${JSON.stringify(target)} is ${JSON.stringify(call)}, then ${again}`);
}

function playFilters(random: Random): void {
  const text = mutatedJson(random, filters);
  const forced = unless(Refusal, () => forcedFilters(deployment, text));
  if (forced === null) return;
  const [ours, named] = (JSON.parse(forced) as { label: string[] }).label;
  must(ours === 'repl_runner=1', () => `${text} lists ${String(ours)}`);
  must(named === `repl_runner.deployment=${deployment}`, () => `${text} lists ${String(named)}`);
}

function playBody(random: Random): void {
  const text = mutatedJson(random, guardBodies);
  const checked = unless(Refusal, () => check(text));
  if (checked === null) return;
  must(check(checked.json).json === checked.json, () => `${text} is not what it becomes`);
  mustBeSandbox(checked.json);
}

/** Told once more, in words of this test. Throws where it is more than a sandbox. */
export function mustBeSandbox(json: string): void {
  const { User, HostConfig, Labels, Image } = JSON.parse(json) as {
    User: string;
    Image: string;
    Labels: Record<string, string>;
    HostConfig: Record<string, unknown>;
  };
  const walls = {
    ...{ NetworkMode: 'none', IpcMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'] },
    ...{
      Privileged: undefined,
      Binds: undefined,
      Mounts: undefined,
      Devices: undefined,
      CapAdd: undefined,
      PidMode: undefined,
    },
  };
  for (const [name, value] of Object.entries(walls)) {
    must(
      JSON.stringify(HostConfig[name]) === JSON.stringify(value),
      () => `${name} is ${JSON.stringify(HostConfig[name])}`,
    );
  }
  must(User === '41966:51966', () => `the user is ${User}`);
  must(Labels['repl_runner.deployment'] === deployment, () => 'it has another label');
  must(/^repl_runner\/[a-z][a-z0-9_-]*:latest$/.test(Image), () => `the image is ${Image}`);
}
