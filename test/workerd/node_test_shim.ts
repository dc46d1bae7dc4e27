/**
 * A stand-in for `node:test` inside workerd: the part of it that the portable tests use.
 *
 * Declarations only collect; {@linkcode run} then runs them one after the other, because workerd
 * allows no timers and no randomness outside a handler. What is not supported throws or does not
 * bundle, so that no test can pass by not being run.
 *
 * @module
 */

import { formatEvent, type TestEvent } from "./event.ts";

/** What a test or a hook runs. */
type Body = () => unknown;

/** The options of a test or a suite. */
export interface TestOptions {
  /** Whether to leave it out, or why. @default {false} */
  readonly skip?: boolean | string;
  /** Accepted and ignored: workerd itself ends a test that can no longer finish. */
  readonly timeout?: number;
}

/** Declares a test or a suite. */
export interface Declare {
  (name: string, body: Body): void;
  (name: string, options: TestOptions, body: Body): void;
  /** Declares it and leaves it out. */
  skip(name: string, body?: Body): void;
}

/** A point in the run of a suite where hooks hang. */
type HookName = "before" | "after" | "beforeEach" | "afterEach";

/** A declared test. */
interface Test {
  readonly name: string;
  readonly skip: boolean;
  readonly body: Body;
}

/** A declared suite; the one without a parent stands for the file. */
class Suite {
  readonly children: (Suite | Test)[] = [];
  readonly hooks: Record<HookName, Body[]> = {
    before: [],
    after: [],
    beforeEach: [],
    afterEach: [],
  };

  constructor(
    readonly name: string,
    readonly skip: boolean,
    readonly parent: Suite | undefined,
  ) {}
}

/** Something thrown, which may be `undefined`. */
interface Failure {
  readonly error: unknown;
}

const KNOWN_OPTIONS = ["skip", "timeout"];

/** The suite that takes declarations; `undefined` once tests run. */
let open: Suite | undefined = new Suite("", false, undefined);

/** Declares a suite, whose body must be synchronous. */
export const describe: Declare = declare((name, skip, body) => {
  const parent = openSuite();
  const suite = new Suite(name, skip || parent.skip, parent);
  parent.children.push(suite);
  open = suite;
  try {
    if (body() instanceof Promise) {
      throw new TypeError(`Cannot declare suite: body must be synchronous: received "${name}"`);
    }
  } finally {
    open = parent;
  }
});

/** Declares a test. */
export const it: Declare = declare((name, skip, body) => {
  const parent = openSuite();
  parent.children.push({ name, skip: skip || parent.skip, body });
});

export { describe as suite, it as test };

/** Runs once before the tests of a suite. */
export const before = hook("before");
/** Runs once after the tests of a suite. */
export const after = hook("after");
/** Runs before each test of a suite and of those nested in it. */
export const beforeEach = hook("beforeEach");
/** Runs after each test of a suite and of those nested in it. */
export const afterEach = hook("afterEach");

/**
 * Loads a test file, runs what it declares and reports each step on the console. Never rejects: a
 * file that does not load is reported as a failed test.
 */
export async function run(load: () => Promise<unknown>): Promise<void> {
  const root = openSuite();
  addEventListener("unhandledrejection", ({ reason }) => {
    reportResult("(unhandled rejection)", { error: reason });
  });
  try {
    await load();
    open = undefined;
    await runSuite(root, [], undefined);
  } catch (error) {
    reportResult("(loading the file)", { error });
  }
  report({ type: "end" });
}

/** Runs the children of a suite in their order, or fails them all where a `before` hook failed. */
async function runSuite(
  suite: Suite,
  path: readonly string[],
  inherited: Failure | undefined,
): Promise<void> {
  const hooks = suite.skip || inherited ? [] : suite.hooks.before;
  const failure = inherited ?? await failureOf(hooks);
  for (const child of suite.children) {
    const childPath = [...path, child.name];
    if (child instanceof Suite) {
      await runSuite(child, childPath, failure);
    } else if (child.skip) {
      report({ type: "result", name: formatName(childPath), outcome: "skipped", error: "" });
    } else {
      report({ type: "start", name: formatName(childPath) });
      reportResult(formatName(childPath), failure ?? await runTest(child, suite));
    }
  }
  const late = suite.skip || inherited ? undefined : await failureOf(suite.hooks.after);
  if (late) reportResult(formatName([...path, "(after)"]), late);
}

/** Runs a test between the hooks of all suites around it. */
async function runTest({ body }: Test, suite: Suite): Promise<Failure | undefined> {
  const suites = lineage(suite);
  const early = await failureOf([...suites.flatMap(({ hooks }) => hooks.beforeEach), body]);
  const late = await failureOf(suites.toReversed().flatMap(({ hooks }) => hooks.afterEach));
  return early ?? late;
}

/** Runs bodies until one throws. */
async function failureOf(bodies: readonly Body[]): Promise<Failure | undefined> {
  try {
    for (const body of bodies) await body();
  } catch (error) {
    return { error };
  }
}

/** A suite after all those around it. */
function lineage(suite: Suite): Suite[] {
  return suite.parent ? [...lineage(suite.parent), suite] : [suite];
}

/** The suite that takes declarations. */
function openSuite(): Suite {
  if (!open) throw new Error("Cannot declare test: declarations must come before the first run");
  return open;
}

/** Gives a declaration the call signatures of `node:test`. */
function declare(add: (name: string, skip: boolean, body: Body) => void): Declare {
  const declaration = (name: string, ...rest: [Body] | [TestOptions, Body]) => {
    const [options, body] = rest.length === 2 ? rest : [{}, rest[0]];
    const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key));
    if (unknown) {
      const known = KNOWN_OPTIONS.join(", ");
      throw new TypeError(
        `Cannot declare test: options in workerd must be among ${known}: received "${unknown}"`,
      );
    }
    add(name, Boolean(options.skip), body);
  };
  return Object.assign(declaration, {
    skip: (name: string, body: Body = () => {}) => add(name, true, body),
  });
}

/** A function that hangs hooks on the open suite. */
function hook(name: HookName): (body: Body) => void {
  return (body) => void openSuite().hooks[name].push(body);
}

function formatName(path: readonly string[]): string {
  return path.join(" > ");
}

function reportResult(name: string, failure: Failure | undefined): void {
  report({
    type: "result",
    name,
    outcome: failure ? "failed" : "passed",
    error: failure ? describeError(failure.error) : "",
  });
}

/** An error with its stack and its causes. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? String(error);
  return error.cause === undefined ? text : `${text}\nCaused by: ${describeError(error.cause)}`;
}

function report(event: TestEvent): void {
  // deno-lint-ignore no-console -- the console is a worker's only way out
  console.log(formatEvent(event));
}
