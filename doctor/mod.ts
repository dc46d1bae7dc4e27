/**
 * The doctor: says of a file's `create` and `reset` whether pooling pays on this runtime.
 *
 * ```sh
 * deno run -A jsr:@siliconflow/pool/doctor your-factory.ts
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { type Examination, examine } from "./examination.ts";
import { type Factory, loadFactory } from "./factory.ts";

export { type Examination, examine, type Factory };

const HELP = `Usage: doctor <factory.ts> [--seconds=5] [--json]

The file exports create, reset and, best, use (one realistic use of an object).
Exit codes: 0 pooling pays, 1 it does not or reset forgets a field, 2 nothing was measured.
`;

/** Says in words what was found. */
function describe(found: Examination): string {
  const us = (value: number) => `${value.toPrecision(3)} µs`;
  const costs = `to allocate costs ${us(found.allocateUs)} with its collection (estimated), ` +
    `to pool ${us(found.poolUs)}`;
  const lines = found.leftovers === "" ? [] : [`reset leaves ${found.leftovers}.`];
  lines.push(found.pays ? `Pooling pays: ${costs}.` : `Do not pool this: ${costs}.`);
  if (!found.pays && found.resetUs > found.createUs / 2) {
    lines.push("The reset is what costs: with a cheaper one it may pay.");
  }
  lines.push(...found.remarks.map((remark) => `${remark}.`), "");
  lines.push(`  create          ${us(found.createUs)}`, `  reset           ${us(found.resetUs)}`);
  lines.push(`  acquire+release ${us(found.pairUs)}`);
  if (found.keptBytes > 0) lines.push(`  kept by reset   ${found.keptBytes} bytes of buffers`);
  if (found.pays) lines.push("", adviceFor(found));
  return lines.join("\n") + "\n";
}

/** A size that is not worth to be told: what a pool assumes of an object. */
const ASSUMED_BYTES = 4096;

/** What to write, with what differs from the defaults. */
function adviceFor({ isGrowing, keptBytes }: Examination): string {
  if (isGrowing) {
    return "// The bytes that an object holds differ: tell them, or the budget is a guess.\n" +
      "new Pool({ create, reset, sizeOf: (object) => /* its bytes */ });";
  }
  const size = keptBytes > ASSUMED_BYTES ? `, sizeOf: ${keptBytes}` : "";
  return `new Pool({ create, reset${size} }); // and debug: true in tests`;
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 600)) {
    throw new RangeError(
      `Cannot examine: --seconds must be above 0 and at most 600: received ${values.seconds}`,
    );
  }
  if (positionals.length !== 1) {
    throw new TypeError(`Cannot examine: there must be one file: received ${positionals.length}`);
  }
  const factory = await loadFactory(positionals[0]!);
  const { stderr } = process;
  const found = examine(factory, seconds, (share) => {
    if (!stderr.isTTY) return;
    const done = Math.round(share * 30);
    stderr.write(share < 1 ? `\r[${"#".repeat(done).padEnd(30)}]` : "\r\x1b[K");
  });
  process.stdout.write(values.json ? JSON.stringify(found) + "\n" : describe(found));
  return found.pays && found.leftovers === "" ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
