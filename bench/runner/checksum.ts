/**
 * Checksums of the work that variants did.
 *
 * @module
 */

import type { Bench } from "./bench.ts";

/** Two that are compared did not do the same. */
export class DifferentWork extends Error {}

/**
 * The checksum of all. A variant that drops work would look faster than it is.
 *
 * @param what What is compared.
 * @param samples What was measured of each variant.
 * @param checksumOf Reads the checksum of one of them.
 * @throws {DifferentWork} They differ.
 */
export function needSameWork<S>(
  what: string,
  samples: ReadonlyMap<string, readonly S[]>,
  checksumOf: (sample: S) => number,
): number {
  const sums = [...samples].flatMap(([variant, taken]) =>
    taken.map((sample) => [variant, checksumOf(sample)] as const)
  );
  const [, first] = sums[0]!;
  for (const [variant, checksum] of sums) {
    if (checksum === first) continue;
    const rule = `variants must do the same work, with the checksum ${first}`;
    throw new DifferentWork(`Cannot compare ${what}: ${rule}: received ${checksum} of ${variant}`);
  }
  return first;
}

/**
 * Throws unless a process that counts did what the first one did.
 *
 * @param action What cannot be done otherwise.
 * @param first What the first one measured.
 * @param counting What the one that counts measured.
 * @param bench Says where in a measurement its checksum is.
 * @throws {DifferentWork} Their checksums differ, or there are none.
 */
export function needRepeated(
  action: string,
  first: unknown,
  counting: unknown,
  { checksumOf = ownChecksum }: Pick<Bench, "checksumOf">,
): void {
  const checksum = checksumOf(first);
  // Two that are missing are equal as well.
  if (!Number.isFinite(checksum)) {
    const rule = "what asks for allocation must tell a checksum";
    throw new DifferentWork(`${action}: ${rule}: received ${checksum}`);
  }
  const again = checksumOf(counting);
  if (again === checksum) return;
  const rule = `the process that counts must do the same work, with the checksum ${checksum}`;
  throw new DifferentWork(`${action}: ${rule}: received ${again}`);
}

function ownChecksum(raw: unknown): number {
  return (raw as { readonly checksum: number }).checksum;
}
