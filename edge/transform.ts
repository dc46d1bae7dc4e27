/**
 * What the gateway does: steps that change a text.
 *
 * @module
 */

import type { RequestContext } from "./context.ts";
import { received } from "./received.ts";

/** The most steps of an input. */
const MAX_STEPS = 16;

const STEPS = {
  trim: (text: string) => text.trim(),
  collapse: (text: string) => text.trim().replace(/\s+/g, " "),
  lowercase: (text: string) => text.toLowerCase(),
  uppercase: (text: string) => text.toUpperCase(),
  normalize: (text: string) => text.normalize("NFC"),
};

/** Refuses bytes that are no UTF-8, where `Request.json()` would quietly replace them. */
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * A change to a text: `trim` its ends, `collapse` its white space, `lowercase`, `uppercase`, or
 * `normalize` to Unicode's form NFC.
 */
export type TransformStep = "trim" | "collapse" | "lowercase" | "uppercase" | "normalize";

/** A valid body of `POST /transform`. */
export interface TransformInput {
  /** The text to change. */
  readonly text: string;
  /** What to change, in this order. At most 16 steps. */
  readonly steps: readonly TransformStep[];
}

/** The answer to a {@linkcode TransformInput}. */
export interface TransformOutput {
  /** The changed text. */
  readonly text: string;
  /** Its length in UTF-8, in bytes. */
  readonly bytes: number;
}

/**
 * Applies the steps of an input, and measures the result in the context's scratch.
 *
 * @param input A valid input.
 * @param context The context of the request.
 * @returns The answer.
 * @throws {RangeError} The result is larger than the scratch may grow.
 *
 * @example Usage
 * ```ts
 * import { RequestContext, transform } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const input = { text: " Grün ", steps: ["trim", "uppercase"] } as const;
 * assertEquals(transform(input, new RequestContext()), { text: "GRÜN", bytes: 5 });
 * ```
 */
export function transform(input: TransformInput, context: RequestContext): TransformOutput {
  let { text } = input;
  for (const step of input.steps) text = STEPS[step](text);
  return { text, bytes: context.scratch.write(text) };
}

/** Reads a body, or says in the grammar of errors what is wrong with it. */
export function parseInput(
  body: ArrayBuffer,
): { readonly input: TransformInput } | { readonly error: string } {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    return refuse("body must be JSON in UTF-8", `${body.byteLength} bytes that are not`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("body must be an object", received(value));
  }
  const unknown = Object.keys(value).find((key) => key !== "text" && key !== "steps");
  if (unknown !== undefined) return refuse("body must have text and steps only", received(unknown));

  const { text, steps = [] } = value as { text?: unknown; steps?: unknown };
  if (typeof text !== "string") return refuse("text must be a string", received(text));
  if (!Array.isArray(steps) || steps.length > MAX_STEPS) {
    return refuse(`steps must be an array of at most ${MAX_STEPS}`, received(steps));
  }
  const wrong = steps.findIndex((step) => typeof step !== "string" || !Object.hasOwn(STEPS, step));
  if (wrong >= 0) {
    return refuse(`steps must be among ${Object.keys(STEPS).join(", ")}`, received(steps[wrong]));
  }
  return { input: { text, steps } };
}

function refuse(rule: string, given: string): { readonly error: string } {
  return { error: `Cannot transform: ${rule}: received ${given}` };
}
