/**
 * What is ended by itself once nobody holds it any more.
 *
 * @module
 */

/** Made with the first that is entrusted to it. */
let orphans: FinalizationRegistry<() => void> | undefined;

/**
 * Has something end when nobody holds it any more.
 *
 * @param holder Who is waited for to go.
 * @param end What ends it. It must not know the holder, or that would never be collected.
 */
export function entrust(holder: object, end: () => void): void {
  // Workers of an old compatibility date have none.
  if (typeof FinalizationRegistry === "undefined") return;
  orphans ??= new FinalizationRegistry(abandon);
  orphans.register(holder, end, end);
}

/** Waits no more: it has ended. */
export function disown(end: () => void): void {
  orphans?.unregister(end);
}

/** Ends what nobody holds any more. */
export function abandon(end: () => void): void {
  try {
    end();
  } catch {
    // Nobody is left who could be told.
  }
}
