/** What the driver reads of its host: bwrap's help, its complaints, command lines, descriptors. */
import { readlinkSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseBwrapFeatures } from '../../../../src/sandbox/bubblewrap/bwrap-features.js';
import { survivesExec } from '../../../../src/sandbox/bubblewrap/inherited-fds.js';
import { isOrphanedBwrap } from '../../../../src/sandbox/bubblewrap/orphans.js';
import { runnerMark } from '../../../../src/sandbox/bubblewrap/runner-mark.js';
import { unavailable } from '../../../../src/sandbox/bubblewrap/unavailable.js';

describe('parseBwrapFeatures', () => {
  it('refuses a bwrap without sized tmpfs and notices --disable-userns', () => {
    expect(() => parseBwrapFeatures('    --tmpfs DEST   Mount')).toThrow('0.7 or newer');
    const sized = '    --size BYTES                 Set size of next argument\n';
    expect(parseBwrapFeatures(sized)).toEqual({ disableUserns: false });
    expect(parseBwrapFeatures(`${sized}    --disable-userns             Disable`)).toEqual({ disableUserns: true });
  });
});

describe('unavailable', () => {
  it.each([
    ['bwrap: No permissions to create a new namespace, likely because', 'kernel.unprivileged_userns_clone=1'],
    ['bwrap: setting up uid map: Permission denied', 'User namespaces are disabled'],
    ['bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted', 'AppArmor'],
    ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", 'systempaths=unconfined'],
    ["bwrap: Can't find source path /x: Permission denied", 'TMPDIR'],
    ['File "agent.py", line 1 SyntaxError: invalid syntax', 'install Python 3.9'],
    ['something new', 'by hand'],
  ])('answers "%s" with a remedy', (said, remedy) => {
    const error = unavailable(said);
    expect(error.code).toBe('driver_unavailable');
    expect(error.message).toContain(remedy);
    expect(error.message).toContain(said);
  });
});

describe('isOrphanedBwrap', () => {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  const line = (program: string, mark: string) =>
    [program, '--ro-bind', `/tmp/${mark}aBcDeF/etc`, '/etc', ''].join('\0');

  it('takes a bwrap with the name of a dead runner, and no other process', () => {
    const dead = `repl_runner-${namespace}-${process.pid}-1-`;
    expect(isOrphanedBwrap(line('bwrap', dead))).toBe(true);
    expect(isOrphanedBwrap(line('vim', dead))).toBe(false);
    expect(isOrphanedBwrap(line('bwrap', runnerMark()))).toBe(false);
    expect(isOrphanedBwrap(line('bwrap', `repl_runner-1-${process.pid}-1-`))).toBe(false);
  });
});

describe('survivesExec', () => {
  it('reads the close-on-exec flag', () => {
    expect(survivesExec('pos:\t0\nflags:\t0100000\n')).toBe(true);
    expect(survivesExec('pos:\t0\nflags:\t02100000\n')).toBe(false);
  });
});
