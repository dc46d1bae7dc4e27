/**
 * Checksums of the work that variants did.
 *
 * @module
 */

/**
 * The checksum of all. A variant that drops work would look faster than it is.
 *
 * @param what What is compared.
 * @param sums Variants with their checksums; a variant may come several times.
 * @throws {Error} They differ.
 */
export function needSameWork(
  what: string,
  sums: readonly (readonly [variant: string, checksum: number])[],
): number {
  const [, first] = sums[0]!;
  for (const [variant, checksum] of sums) {
    if (checksum === first) continue;
    const rule = `variants must do the same work, with the checksum ${first}`;
    throw new Error(`Cannot compare ${what}: ${rule}: received ${checksum} of ${variant}`);
  }
  return first;
}
