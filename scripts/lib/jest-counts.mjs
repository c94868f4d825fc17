// A jest reporter that writes what `npm test` counts into the file that REPL_TEST_COUNTS names. Not jest's --json: that
// writes every error as well, and writes nothing at all when one of them holds itself.
import { writeFileSync } from 'node:fs';

export default class JestCounts {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites, testResults } = results;
    const failedSuites = testResults
      .filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError)
      .map(({ testFilePath }) => testFilePath);
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const counts = { passed: numPassedTests, failed, skipped: numPendingTests, failedSuites };
    writeFileSync(process.env.REPL_TEST_COUNTS, JSON.stringify(counts));
  }
}
