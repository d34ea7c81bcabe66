// Prints "PASSED FAILED SKIPPED" of one test report: VSTest's .trx or vitest's .json. A missing or unreadable report is one failure.
import { readFileSync } from 'node:fs';

function count(path) {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) {
    const report = JSON.parse(text);
    // A file that fails to load has no tests in it, so failed suites count where no test failed.
    return [report.numPassedTests, report.numFailedTests || (report.success ? 0 : 1), report.numPendingTests + report.numTodoTests];
  }
  const counters = /<Counters [^>]*>/.exec(text)[0];
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(counters)?.[1] ?? 0);
  const bad = ['failed', 'error', 'timeout', 'aborted', 'passedButRunAborted', 'notRunnable', 'disconnected'];
  return [number('passed'), bad.reduce((sum, name) => sum + number(name), 0), number('notExecuted')];
}

try {
  console.log(count(process.argv[2]).join(' '));
} catch (error) {
  console.error(`count-tests: ${process.argv[2]}: ${error.message}`);
  console.log('0 1 0');
}
