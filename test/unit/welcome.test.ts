import { describe, expect, it } from '@jest/globals';
import { farewell, listeningLine, nextSteps } from '../../src/welcome.js';

const listening = { url: 'http://127.0.0.1:4657', driver: 'docker', needsToken: false };

describe('listeningLine', () => {
  it('names the address and what makes sandboxes', () => {
    expect(listeningLine(listening)).toBe('repl_runner listens on http://127.0.0.1:4657 (sandboxes by docker)');
  });
});

describe('nextSteps', () => {
  it('leaves out the address where the command line looks by itself', () => {
    expect(nextSteps(listening)).toContain('  npm run repl -- examples/hiker\n');
  });

  it('names any other address to the command line', () => {
    const steps = nextSteps({ ...listening, url: 'http://127.0.0.1:5000' });
    expect(steps).toContain('  npm run repl -- --url http://127.0.0.1:5000 examples/hiker\n');
  });

  it.each(['http://0.0.0.0:5000', 'http://[::]:5000'])('leads to loopback where it listens on %s', (url) => {
    const steps = nextSteps({ ...listening, url });
    expect(steps).toContain('A REPL in the browser: http://127.0.0.1:5000/\n');
    expect(steps).not.toContain(url);
  });

  it('shows the token and no page where one is needed', () => {
    const steps = nextSteps({ ...listening, needsToken: true });
    expect(steps).toContain('curl -s -H "Authorization: Bearer $REPL_RUNNER_API_TOKEN" http://127.0.0.1:4657/repl');
    expect(steps).not.toContain('browser');
  });
});

describe('farewell', () => {
  it('says what goes on, and for how long', () => {
    expect(farewell(1, 300)).toContain('1 session goes on in its container until no runner has been there for 300 s');
    expect(farewell(2, 60)).toContain('2 sessions go on in their containers until no runner has been there for 60 s');
  });
});
