import { z } from 'zod'
import { LoginPassword } from './fields.ts'

/** The password once more: a token that was stolen must not be enough. */
export const DeleteAccountInput = z.strictObject({ password: LoginPassword }).meta({ id: 'DeleteAccountInput' })
export type DeleteAccountInput = z.infer<typeof DeleteAccountInput>
