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

  /** What `jest --json` wrote. A suite that could not run at all counts as one failed test. */
  addJest(report) {
    this.passed += report.numPassedTests;
    this.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    for (const suite of report.testResults) if (suite.status === 'failed') this.failures.push(suite.name);
  }
}
