/**
 * Attacks on a running service, each with what has to come of it, on both drivers; after each the runner, the host and a
 * neighbour's session have to be well. `npm run test:attack` prints what came of each as a table.
 */
import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { countSandboxes } from '../support/count-sandboxes.js';
import { describeOnEach, itWhere } from '../support/describe-where.js';
import { groundPerDriver, type Ground } from '../support/grounds.js';
import { expectedOn, type Attack } from './attack.js';
import { AttackedRunner } from './attacked-runner.js';
import { everyAttack } from './attacks/every-attack.js';
import { Scene } from './scene.js';
import { promptlyMs, Wellbeing } from './wellbeing.js';

/** A line of JSON for each attack, for who prints them. */
const reportFile = process.env.REPL_TEST_ATTACK_REPORT ?? '';

function report(line: object): void {
  if (reportFile !== '') appendFileSync(reportFile, `${JSON.stringify(line)}\n`);
}

function attackOn(ground: Ground): void {
  let runner: AttackedRunner;
  let wellbeing: Wellbeing;

  beforeAll(async () => {
    runner = await AttackedRunner.start(ground);
    await runner.neighbour.terminal.until('>>> ');
    wellbeing = new Wellbeing(runner);
    await wellbeing.measure();
  });

  afterAll(async () => {
    wellbeing.close();
    const { pid } = runner.program;
    expect(await countSandboxes(ground, runner.replica, pid)).toBeGreaterThan(0);
    await runner.stop();
    expect(await countSandboxes(ground, runner.replica, pid)).toBe(0);
  });

  /** Carries an attack out and looks at all around it; says what came of it, and what is wrong. */
  async function carryOut(attack: Attack): Promise<{ outcome: string; slowestMs: number; faults: string[] }> {
    const scene = await Scene.open(runner);
    const faults: string[] = [];
    const fault = (error: unknown): null => {
      faults.push(error instanceof Error ? error.message : String(error));
      return null;
    };
    const during = await runner.neighbour
      .typeDuring(attack.door(scene))
      .catch(fault)
      .finally(() => scene.end());
    await wellbeing.check(scene.agent).catch(fault);
    const { result: outcome, slowestMs } = during ?? { result: '', slowestMs: 0 };
    if (slowestMs > promptlyMs) faults.push(`the neighbour waited ${Math.round(slowestMs)} ms`);
    return { outcome, slowestMs, faults };
  }

  async function judge(attack: Attack): Promise<void> {
    const { outcome, slowestMs, faults } = await carryOut(attack);
    const { name, accepted = {} } = attack;
    const { driver } = ground;
    const held = faults.length === 0 && expectedOn(driver, attack).test(outcome);
    const told = faults.length === 0 ? outcome : faults.join('; ');
    const waitedMs = Math.round(slowestMs);
    report({ name, driver, held, accepted: accepted[driver] ?? null, outcome: told, slowestMs: waitedMs });
    expect(faults).toEqual([]);
    expect(outcome).toMatch(expectedOn(driver, attack));
  }

  for (const attack of everyAttack) {
    const possible = attack.needsRoot !== true || process.getuid?.() === 0;
    itWhere(possible)(attack.name, () => judge(attack));
  }
}

describeOnEach(groundPerDriver, 'An attack on', attackOn);
