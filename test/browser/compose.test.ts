/** The production shape in containers: a browser, and all that docker-compose.yml brings up, on the real engine. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { describeWhere } from '../support/describe-where.js';
import { eventually } from '../support/eventually.js';
import { TerminalClient } from '../support/terminal-client.js';
import { startChromium } from './support/chromium.js';
import { canCompose, ComposeStack } from './support/compose-stack.js';
import { ReplPage } from './support/repl-page.js';
import { walkThrough } from './support/walk-through.js';

/** Three times all sessions wait until a runner has taken them up. */
const scaledWithinMs = 400_000;

const started = z.object({ id: z.string() });

describeWhere(canCompose)('the compose stack', () => {
  let stack: ComposeStack;
  let browser: Browser;

  beforeAll(async () => {
    stack = await ComposeStack.start();
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser.close();
    await stack.down();
  });

  /** Starts a session, reads it and ends it; answers the replica that has it. */
  async function useSession(): Promise<string> {
    const id = await startSession();
    const session = `${stack.url}/repl/${id}`;
    expect((await fetch(session)).status).toBe(200);
    expect((await fetch(session, { method: 'DELETE' })).status).toBe(204);
    return id.split('.')[0] ?? '';
  }

  async function startSession(): Promise<string> {
    const headers = { 'Content-Type': 'application/json' };
    const start = await fetch(`${stack.url}/repl`, { method: 'POST', headers, body: '{"language":"python"}' });
    expect(start.status).toBe(201);
    return started.parse(await start.json()).id;
  }

  /** Types a line into a session, as soon as somebody has it, and waits for what it prints. */
  async function told(id: string, line: string, answer: string): Promise<void> {
    const isThere = async (): Promise<boolean> => (await fetch(`${stack.url}/repl/${id}`)).status === 200;
    await eventually('the session', isThere);
    const terminal = new TerminalClient(`${stack.url.replace('http', 'ws')}/repl/${id}`);
    await terminal.until('>>> ');
    expect(await terminal.run(line)).toContain(answer);
    await terminal.close();
  }

  it('gives a REPL that has the files, survives a reload, watches, and ends', async () => {
    const repl = await ReplPage.open(browser, stack.url);
    await walkThrough(browser, repl);
    await repl.close();
    expect(repl.faults).toEqual([]);
  });

  it('calls all of its containers healthy', async () => {
    const isHealthy = async (): Promise<boolean> =>
      Object.values(await stack.health()).every((state) => state === 'healthy');
    await eventually('healthy stack', isHealthy);
    expect(await stack.health()).toEqual({ nginx: 'healthy', web: 'healthy', guard: 'healthy', runner: 'healthy' });
  });

  it(
    'keeps every session through a scale down and an update, under whatever runner there is then',
    async () => {
      await stack.scaleRunners(2);
      const wanted = await stack.replicas();
      const ids = new Map<string, string>();
      const onEach = async (): Promise<boolean> => {
        const id = await startSession();
        const replica = id.split('.')[0] ?? '';
        if (ids.has(replica)) await fetch(`${stack.url}/repl/${id}`, { method: 'DELETE' });
        else ids.set(replica, id);
        return ids.size === wanted.length;
      };
      await eventually('a session on each of two runners', onEach);
      for (const id of ids.values()) await told(id, 'kept = 41', '>>> ');
      await stack.scaleRunners(1);
      for (const id of ids.values()) await told(id, 'kept + 1', '42');
      await stack.replaceRunners();
      for (const id of ids.values()) await told(id, 'kept + 2', '43');
      expect(await stack.replicas()).not.toContain(wanted[0]);
      for (const id of ids.values()) {
        expect((await fetch(`${stack.url}/repl/${id}`, { method: 'DELETE' })).status).toBe(204);
      }
    },
    scaledWithinMs,
  );

  it('uses a runner that is added, without a reload of nginx', async () => {
    await stack.scaleRunners(2);
    const wanted = await stack.replicas();
    expect(wanted).toHaveLength(2);
    const met = new Set<string>();
    await eventually('session on each of two runners', async () => met.add(await useSession()).size === 2);
    expect([...met].sort()).toEqual(wanted);
  });

  it('leaves nothing behind when it goes down', async () => {
    // Those that were claimed are being replaced.
    await eventually('a warm sandbox', async () => (await stack.remains()).join(' ').includes('repl_'));
    const before = (await stack.remains()).join(' ');
    for (const part of [/nginx.1/, /web.1/, /guard.1/, /runner.2/, /_guard/, /repl_/, /_front/, /_back/])
      expect(before).toMatch(part);
    await stack.down();
    expect(await stack.remains()).toEqual([]);
  });
});
