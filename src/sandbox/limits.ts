/** What one call of the sandbox may take. */

/** What the code may allocate. */
export const MEMORY_MIB = 16
/** Its result as JSON, in UTF-16 units; the actor measures it again in bytes. */
export const MAX_RESULT_LENGTH = 1_048_576
/** The values that it is given, as JSON: more of them would not fit into its memory. */
export const MAX_SCOPE_BYTES = 8_388_608
/** QuickJS asks for the interrupt some 10,000 times a second in an empty loop, less often in others (measured). */
export const MAX_INTERRUPTS = 5_000
/** C stack of QuickJS: deep enough for 1,400 nested calls, shallow enough for the thread's own stack. */
export const STACK_BYTES = 262_144
/** Whoever runs the sandbox kills it after this long, for some built-ins never ask for the interrupt. */
export const DEADLINE_MS = 5_000
