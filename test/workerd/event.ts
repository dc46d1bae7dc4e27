/**
 * What a test file inside workerd says about itself: lines of its output, since a worker has no
 * other way out.
 *
 * @module
 */

/** One step of a test file. */
export type TestEvent = TestStart | TestResult | FileEnd;

/** A test starts: if nothing follows, it took the worker down. */
export interface TestStart {
  readonly type: "start";
  readonly name: string;
}

/** A test is over. */
export interface TestResult {
  readonly type: "result";
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** What was thrown, with its stack. Empty unless the test failed. */
  readonly error: string;
}

/** The file is through: without it the run was cut short. */
export interface FileEnd {
  readonly type: "end";
}

const PREFIX = "##test ";

/** The output line that carries an event. */
export function formatEvent(event: TestEvent): string {
  return PREFIX + JSON.stringify(event);
}

/** The event that an output line carries, or `undefined` for the output of the tests themselves. */
export function parseEvent(line: string): TestEvent | undefined {
  return line.startsWith(PREFIX) ? JSON.parse(line.slice(PREFIX.length)) : undefined;
}
