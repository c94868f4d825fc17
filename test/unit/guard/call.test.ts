import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCall, targetOf } from '../../../guard/call.js';
import { Refusal } from '../../../guard/refusal.js';

const id = '0123456789abcdef'.repeat(4);
const name = 'repl_11111111-2222-4333-8444-555555555555';
const read = (method: string, target: string) => readCall({ method, target }, 'v1.2');
const statusOf = (method: string, target: string): number => {
  try {
    read(method, target);
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
  return 0;
};

describe('readCall', () => {
  it.each([
    ['GET', '/_ping', 'ping'],
    ['HEAD', '/_ping', 'ping'],
    ['GET', '/version', 'version'],
    ['GET', '/info', 'info'],
    ['GET', '/v1.41/info', 'info'],
    ['GET', '/v1.52/_ping', 'ping'],
    ['GET', '/images/repl_runner/python:v1.2/json', 'image'],
    ['POST', `/containers/create?name=${name}`, 'create'],
    ['GET', '/containers/json?all=true&filters=%7B%22label%22%3A%5B%22repl_runner%22%5D%7D', 'list'],
    ['GET', `/containers/${id}/json`, 'inspect'],
    ['POST', `/containers/${id}/start`, 'start'],
    ['POST', `/containers/${id}/wait?condition=next-exit`, 'wait'],
    ['POST', `/containers/${id}/attach?hijack=true&stream=true&stdin=true&stdout=true&stderr=true`, 'attach'],
    ['DELETE', `/containers/${id}?force=true&v=true`, 'remove'],
  ])('understands %s %s, and writes it again in its own words', (method, target, expected) => {
    const call = read(method, target);
    expect(call.name).toBe(expected);
    expect(decodeURIComponent(targetOf(call))).toBe(decodeURIComponent(target));
  });

  const elsewhere = [
    ...['commit', 'rename', 'update', 'exec', 'kill', 'stop', 'restart', 'pause', 'unpause', 'resize', 'prune', 'copy'],
  ].map((action) => ['POST', `/containers/${id}/${action}`]);
  it.each([
    ...elsewhere,
    ['GET', `/containers/${id}/archive?path=/etc`],
    ['PUT', `/containers/${id}/archive?path=/`],
    ['HEAD', `/containers/${id}/archive?path=/`],
    ['GET', `/containers/${id}/export`],
    ['GET', `/containers/${id}/logs?stdout=1`],
    ['GET', `/containers/${id}/top`],
    ['GET', `/containers/${id}/stats`],
    ['GET', `/containers/${id}/changes`],
    ['GET', `/containers/${id}/attach/ws?stream=1`],
    ['POST', '/containers/prune'],
    ['POST', '/build'],
    ['POST', '/commit?container=x'],
    ['POST', '/images/create?fromImage=debian'],
    ['POST', '/images/load'],
    ['GET', '/images/json'],
    ['DELETE', '/images/repl_runner/python:v1.2'],
    ['POST', '/images/repl_runner/python:v1.2/push'],
    ['POST', '/images/repl_runner/python:v1.2/tag?repo=x'],
    ['GET', '/images/debian:latest/json'],
    ['GET', '/images/repl_runner/python:latest/json'],
    ['POST', '/volumes/create'],
    ['GET', '/volumes'],
    ['POST', '/networks/create'],
    ['GET', '/networks'],
    ['POST', '/swarm/init'],
    ['GET', '/nodes'],
    ['POST', '/services/create'],
    ['GET', '/tasks'],
    ['POST', '/secrets/create'],
    ['POST', '/configs/create'],
    ['POST', '/plugins/pull'],
    ['POST', `/exec/${id}/start`],
    ['POST', '/session'],
    ['POST', '/grpc'],
    ['POST', '/auth'],
    ['GET', '/events'],
    ['GET', '/system/df'],
    ['GET', '/distribution/debian/json'],
    ['POST', '/info'],
    ['GET', `/containers/${id}/start`],
    ['PUT', `/containers/${id}/start`],
    ['get', '/info'],
    ['CONNECT', '/info'],
  ])('passes on neither %s %s', (method, target) => {
    expect(statusOf(method, target)).toBe(403);
  });

  it.each([
    '//info',
    '/info/',
    '/./info',
    '/x/../info',
    '/containers/../info',
    '/%69nfo',
    '/info%00',
    '/info#',
    '/info;x',
    '/info\\',
    '/info ',
    'info',
    '',
    '*',
    'http://docker/info',
    '//evil/info',
    '/v1.40/info',
    '/v1.24/info',
    '/v1.4/info',
    '/v1.100/info',
    '/v2.41/info',
    '/v1.41',
    '/v1.41//info',
    '/v1.41/v1.41/info',
    '/V1.41/info',
    '/Info',
    `/containers/${id.slice(0, 12)}/json`,
    `/containers/${id.toUpperCase()}/json`,
    `/containers/${id}0/json`,
    `/containers/${name}/json`,
    `/containers/create/json`,
    `/containers/${id}%2Fjson`,
    `/containers/${id}/json/`,
    `/containers/${id}/../${id}/json`,
    `/containers//${id}/json`,
    '/images/repl_runner%2Fpython:v1.2/json',
    '/images/repl_runner/../python:v1.2/json',
    '/images/repl_runner/python:v1.2@sha256:aa/json',
    `/${'a'.repeat(5000)}`,
  ])('refuses the path %s', (target) => {
    expect(statusOf('GET', target)).toBe(403);
  });

  it.each([
    ['GET', '/info?x=1'],
    ['GET', '/info?&'],
    ['GET', '/info?a=1?b=2'],
    ['GET', `/containers/${id}/json?size=1`],
    ['POST', `/containers/${id}/start?detachKeys=x`],
    ['POST', `/containers/${id}/start?checkpoint=x`],
    ['POST', `/containers/${id}/wait?condition=removed`],
    ['POST', `/containers/${id}/attach`],
    ['POST', `/containers/${id}/attach?stream=0`],
    ['POST', `/containers/${id}/attach?stream=true&logs=true`],
    ['POST', `/containers/${id}/attach?stream=true&detachKeys=a`],
    ['DELETE', `/containers/${id}?link=1`],
    ['DELETE', `/containers/${id}?force=1&force=0`],
    ['DELETE', `/containers/${id}?force=yes`],
    ['DELETE', `/containers/${id}?force=%31%32`],
    ['DELETE', `/containers/${id}?force=1;link=1`],
    ['DELETE', `/containers/${id}?__proto__=1`],
    ['POST', '/containers/create'],
    ['POST', '/containers/create?name=web'],
    ['POST', `/containers/create?name=${name}&name=web`],
    ['POST', `/containers/create?name=${name}&platform=linux/s390x`],
    ['POST', `/containers/create?name=${name}%0a`],
    ['GET', '/containers/json?limit=1'],
    ['GET', '/containers/json?filters=%'],
  ])('refuses the query of %s %s', (method, target) => {
    expect(statusOf(method, target)).toBe(403);
  });

  it('writes what it lets pass in one form only, whatever it was given', () => {
    const pieces = fc.constantFrom(
      ...['/', '//', '.', '..', '%2f', '%2e', '?', '&', '=', 'v1.41', 'containers', 'create', 'json', 'start', 'exec'],
      ...['info', '_ping', 'attach', 'stream', 'true', 'name', 'force', '\u00e9', '\n', ' ', '#', '@', ':', id, name],
    );
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'PUT');
    const allowed =
      /^(\/v1\.\d\d)?\/(_ping|info|version|containers\/(json|create|[0-9a-f]{64}(\/(json|start|wait|attach))?))(\?[a-z]+=[^/?#]*)?$/;
    fc.assert(
      fc.property(method, fc.array(pieces, { maxLength: 10 }), (used, parts) => {
        const target = `/${parts.join('')}`;
        let passed: string | null = null;
        try {
          passed = targetOf(read(used, target));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
        if (passed !== null) expect(passed).toMatch(allowed);
      }),
      { numRuns: 2000 },
    );
  });
});
