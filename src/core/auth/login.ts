import { z } from 'zod'
import type { Sentence } from '#core/messages'
import { LoginEmail, LoginPassword } from './fields.ts'
import { User } from './user.ts'

const EMAIL_ONCE: Sentence = { pt: 'Envie o e-mail uma vez.', en: 'Send the e-mail address once.' }

/**
 * Logging in: `email` and `password`, or the OAuth2 password form (RFC 6749, 4.3.2) as Swagger UI and older clients send
 * it. That calls the e-mail `username`; as there are no scopes and no clients here, what it says of these is not used.
 */
export const LoginInput = z
  .strictObject({
    email: LoginEmail.optional(),
    username: LoginEmail.optional().meta({ description: 'O e-mail, como o formulário OAuth2 o chama.' }),
    password: LoginPassword,
    grant_type: z.enum(['password', '']).optional(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    client_secret: z.string().optional(),
  })
  .transform(({ email, username, password }, context) => {
    const address = email ?? username
    if (address === undefined || (email !== undefined && username !== undefined)) {
      context.addIssue({ code: 'custom', path: ['email'], params: { sentence: EMAIL_ONCE } })
      return z.NEVER
    }
    return { email: address, password }
  })
  .meta({ id: 'LoginInput' })
export type LoginInput = z.output<typeof LoginInput>

/** A pair of tokens, as refreshing answers it. `expires_in` counts the access token's seconds. */
export const TokenPair = z
  .object({
    access_token: z.string(),
    refresh_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int().positive(),
  })
  .meta({ id: 'TokenPair' })
export type TokenPair = z.infer<typeof TokenPair>

export const LoginAnswer = TokenPair.extend({ user: User }).meta({ id: 'LoginAnswer' })
export type LoginAnswer = z.infer<typeof LoginAnswer>
