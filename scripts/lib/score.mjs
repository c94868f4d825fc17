// Counts what passed and what failed over everything that `npm test` does.
export class Score {
  passed = 0;
  failed = 0;
  failures = [];

  /** One step that counts as one test. */
  async step(name, task) {
    console.log(`\n── ${name}`);
    try {
      await task();
      this.passed += 1;
    } catch (error) {
      this.fail(name, error);
    }
  }

  fail(name, error) {
    this.failed += 1;
    this.failures.push(name);
    console.error(`✗ ${name}: ${error?.message ?? error}`);
  }

  /** What jest-counts wrote. A suite that could not run at all counts as one failed test. */
  addJest({ passed, failed, failedSuites }) {
    this.passed += passed;
    this.failed += failed;
    this.failures.push(...failedSuites);
  }
}
