/**
 * Shannon entropy of what is spread over bands: how little one knows of the next figure.
 *
 * @module
 */

import type { Sketch } from "./sketch.ts";

/** A part of a mixture. */
export interface MixturePart {
  /** How much of the mixture it is, on any scale. */
  readonly weight: number;
  /** How it is spread over the bands that all parts have in common. */
  readonly shares: ArrayLike<number>;
}

/** The entropy of shares in bits. They need not sum to 1; what is not above 0 and finite is no share. */
export function entropy(shares: Iterable<number> | ArrayLike<number>): number {
  const all = "length" in shares ? shares as ArrayLike<number> : Array.from(shares);
  const sum = sumOf(all);
  let bits = 0;
  for (let band = 0; band < all.length; band++) {
    const share = shareAt(all, band) / sum;
    if (share > 0) bits -= share * Math.log2(share);
  }
  return bits;
}

/**
 * The entropy of hold times over the bands of their sketch, divided by its maximum: 0 = every
 * lease alike, 1 = no pattern, `undefined` = none was timed.
 */
export function retentionEntropy(sketch: Sketch): number | undefined {
  if (sketch.total === 0) return undefined;
  // Rounding must not carry it past its maximum.
  return Math.min(1, entropy(sketch.weights) / Math.log2(sketch.weights.length));
}

/**
 * The bits that one knows more of a figure when told which part it came from: the entropy of the
 * mixture less the mean entropy of its parts. Parts that hold nothing are left out.
 */
export function informationGain(parts: readonly MixturePart[]): number {
  const mixture: number[] = [];
  let total = 0;
  let within = 0;
  for (const { weight, shares } of parts) {
    const scale = weight / sumOf(shares);
    if (!(scale > 0 && scale < Infinity)) continue;
    for (let band = 0; band < shares.length; band++) {
      mixture[band] = (mixture[band] ?? 0) + scale * shareAt(shares, band);
    }
    total += weight;
    within += weight * entropy(shares);
  }
  // Entropy is concave, so only rounding can make the gain negative.
  return total === 0 ? 0 : Math.max(0, entropy(mixture) - within / total);
}

function shareAt(shares: ArrayLike<number>, band: number): number {
  const share = shares[band]!;
  return share > 0 && share < Infinity ? share : 0;
}

function sumOf(shares: ArrayLike<number>): number {
  let sum = 0;
  for (let band = 0; band < shares.length; band++) sum += shareAt(shares, band);
  return sum;
}
