import { z } from 'zod'

/** Long enough for any token of ours; a longer text is none. */
const TOKEN_MAX_LENGTH = 512

/** A token from a link by mail. */
export const OneTimeToken = z.string().trim().min(1).max(TOKEN_MAX_LENGTH)
