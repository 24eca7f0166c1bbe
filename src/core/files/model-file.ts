/** Files on their way to a model. */
const MIB = 1024 * 1024

/** Of one file: providers take little more, in Base64. */
export const MAX_MODEL_FILE_BYTES = 8 * MIB
/** Of all files of one turn, the latest first: they stand in memory together. */
export const MAX_MODEL_FILES_BYTES = 16 * MIB
