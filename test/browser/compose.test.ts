/** The production shape in containers: a browser, and all that docker-compose.yml brings up, on the real engine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import { startChromium } from './support/chromium.js';
import { canCompose, ComposeStack } from './support/compose-stack.js';
import { ReplPage } from './support/repl-page.js';
import { walkThrough } from './support/walk-through.js';

/** Three intervals of the health checks. */
const healthyWithinMs = 30_000;
const secondRunnerWithinMs = 20_000;

const started = z.object({ id: z.string() });

(canCompose ? describe : describe.skip)('the compose stack', () => {
  let stack: ComposeStack;
  let browser: Browser;

  beforeAll(async () => {
    stack = await ComposeStack.start();
    browser = await startChromium();
  }, 150_000);

  afterAll(async () => {
    await browser.close();
    await stack.down();
  }, 60_000);

  /** Starts a session, reads it and ends it; answers the replica that has it. */
  async function useSession(): Promise<string> {
    const headers = { 'Content-Type': 'application/json' };
    const start = await fetch(`${stack.url}/repl`, { method: 'POST', headers, body: '{"language":"python"}' });
    expect(start.status).toBe(201);
    const { id } = started.parse(await start.json());
    const session = `${stack.url}/repl/${id}`;
    expect((await fetch(session)).status).toBe(200);
    expect((await fetch(session, { method: 'DELETE' })).status).toBe(204);
    return id.split('.')[0] ?? '';
  }

  it('gives a REPL that has the files, survives a reload, watches, and ends', async () => {
    const repl = await ReplPage.open(browser, stack.url);
    await walkThrough(browser, repl);
    await repl.close();
    expect(repl.faults).toEqual([]);
  });

  it(
    'calls all of its containers healthy',
    async () => {
      const isHealthy = async (): Promise<boolean> =>
        Object.values(await stack.health()).every((state) => state === 'healthy');
      await eventually('healthy stack', isHealthy, healthyWithinMs);
      expect(await stack.health()).toEqual({ nginx: 'healthy', web: 'healthy', runner: 'healthy' });
    },
    healthyWithinMs + 5_000,
  );

  it(
    'uses a runner that is added, without a reload of nginx',
    async () => {
      await stack.scaleRunners(2);
      const wanted = await stack.replicas();
      expect(wanted).toHaveLength(2);
      const met = new Set<string>();
      await eventually(
        'session on each of two runners',
        async () => met.add(await useSession()).size === 2,
        secondRunnerWithinMs,
      );
      expect([...met].sort()).toEqual(wanted);
    },
    secondRunnerWithinMs + 40_000,
  );

  it('leaves nothing behind when it goes down', async () => {
    const before = (await stack.remains()).join(' ');
    for (const part of [/nginx.1/, /web.1/, /runner.2/, /repl_/, /_front/, /_back/]) expect(before).toMatch(part);
    await stack.down();
    expect(await stack.remains()).toEqual([]);
  }, 60_000);
});
