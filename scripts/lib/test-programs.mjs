// Programs that the suites use, and the Debian packages that have them.
export const testPrograms = {
  bwrap: 'bubblewrap',
  debootstrap: 'debootstrap',
  python3: 'python3',
  pip3: 'python3-pip',
  nginx: 'nginx',
  chromium: 'chromium',
  'docker-compose': 'docker-compose',
  ps: 'procps',
  promtool: 'prometheus',
  kubectl: 'kubernetes-client',
  ip: 'iproute2',
};
