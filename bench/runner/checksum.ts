/**
 * Checksums of the work that variants did.
 *
 * @module
 */

/**
 * The checksum of all. A variant that drops work would look faster than it is.
 *
 * @param what What is compared.
 * @param samples What was measured of each variant.
 * @param checksumOf Reads the checksum of one of them.
 * @throws {Error} They differ.
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
    throw new Error(`Cannot compare ${what}: ${rule}: received ${checksum} of ${variant}`);
  }
  return first;
}
