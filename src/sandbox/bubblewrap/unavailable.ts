/** Turns what bwrap says when it cannot work on a host into what a person can do about it. Pure. */
import { RunnerError } from '../../errors.js';

const remedies: readonly { readonly when: RegExp; readonly text: string }[] = [
  {
    when: /RTM_NEWADDR|RTM_NEWLINK/,
    text:
      'AppArmor keeps user namespaces from unprivileged programs. Allow bwrap with a profile, or set ' +
      'kernel.apparmor_restrict_unprivileged_userns=0.',
  },
  {
    when: /mount proc|mounting proc/i,
    text:
      'The runner is in a container whose /proc is masked. Start that container with ' +
      '--security-opt systempaths=unconfined, or use the docker driver.',
  },
  {
    when: /namespace|uid map|clone|unshare/i,
    text:
      'User namespaces are disabled. Set kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0; on ' +
      'Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container allow unshare and clone in its seccomp ' +
      'profile.',
  },
  { when: /seccomp/i, text: 'The kernel takes no seccomp filter: it needs CONFIG_SECCOMP_FILTER.' },
  {
    when: /source path|Permission denied/i,
    text: 'The sandbox user cannot reach a folder that it needs: check TMPDIR and the rootfs setting.',
  },
  {
    when: /SyntaxError|No module named|no agent/,
    text: 'Its Python cannot run the agent: install Python 3.9 or newer with its whole standard library.',
  },
];

/** The error for a trial sandbox that did not work; `said` is its stderr. */
export function unavailable(said: string): RunnerError {
  const remedy = remedies.find(({ when }) => when.test(said))?.text ?? 'Try bwrap by hand to see why.';
  return new RunnerError('driver_unavailable', `bubblewrap does not work on this host. ${remedy} (${said})`);
}

/** The error for a program that is missing. */
export function programMissing(program: string, remedy: string): RunnerError {
  return new RunnerError('driver_unavailable', `bubblewrap sandboxes need ${program}. ${remedy}`, {
    context: { program },
  });
}
