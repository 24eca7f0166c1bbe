/** How large values may be, and where they lie: small ones in the events, large ones as objects of their own. */

/** A value as JSON has at most this many bytes: a few of them fit into the 128 MiB that an actor has for everything. */
export const MAX_VALUE_BYTES = 26_214_400
/** All outputs of a run together, each different value counted once. */
export const MAX_RUN_BYTES = 1_073_741_824
/** Those of them that lie in the events, and thereby in the actor's memory. */
export const MAX_RUN_INLINE_BYTES = 33_554_432
/** What one visit may be given at once. */
export const MAX_LOADED_BYTES = 2 * MAX_VALUE_BYTES
/** A structured clone, as between an actor and its callers, overflows the stack at some 1,500 levels (measured). */
export const MAX_OUTPUT_DEPTH = 500

/** A value of more bytes becomes an object of its own. */
export const INLINE_BYTES = 262_144
const STEPS = [
  { from: 24 * 1_048_576, limit: 1_024 },
  { from: 8 * 1_048_576, limit: 16_384 },
] as const

/** The same for a run that has put out a good deal already: so a long one stays within its memory. */
export function inlineLimit({ outputBytes }: { readonly outputBytes: number }): number {
  return STEPS.find(({ from }) => outputBytes > from)?.limit ?? INLINE_BYTES
}
