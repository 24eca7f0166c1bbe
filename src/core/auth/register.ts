import { z } from 'zod'
import { Email, LastName, NewPassword, PersonName, Username } from './fields.ts'
import { OneTimeToken } from './one-time-token.ts'
import { NAME_REQUIRED, NAMES_DIFFER, resolveNames } from './names.ts'

/** What a new user sends: the name whole (`name`, `full_name`) or in parts. What comes out has parts only. */
export const RegisterInput = z
  .strictObject({
    email: Email,
    password: NewPassword,
    name: PersonName.optional(),
    full_name: PersonName.optional(),
    first_name: PersonName.optional(),
    last_name: LastName.optional(),
    username: Username.nullish(),
    invitation: OneTimeToken.optional().meta({
      description: 'O token de um convite para este e-mail: entra no workspace.',
    }),
  })
  .transform((input, context) => {
    const names = resolveNames(input)
    if (!names.ok) {
      context.addIssue({ code: 'custom', path: [names.error], params: { sentence: NAMES_DIFFER } })
      return z.NEVER
    }
    const { first_name, last_name = '' } = names.value
    if (first_name === undefined) {
      context.addIssue({ code: 'custom', path: ['name'], params: { sentence: NAME_REQUIRED } })
      return z.NEVER
    }
    const { email, password, username = null, invitation } = input
    return { email, password, username, first_name, last_name, invitation }
  })
  .meta({ id: 'RegisterInput' })
export type RegisterInput = z.output<typeof RegisterInput>
