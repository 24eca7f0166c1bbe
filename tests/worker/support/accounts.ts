/**
 * Accounts and sessions through the verbs, without the HTTP around them and with one hash for all: dozens of accounts
 * would otherwise spend their time on scrypt. That registering and logging in work is what the tests of accounts say.
 */
import { env } from 'cloudflare:workers'
import { hashPassword } from '#auth/passwords'
import { readConfig } from '#config'
import type { LoginAnswer } from '#core/auth/login'
import type { User } from '#core/auth/user'
import { connect } from '#db/connect'
import { childTrace } from '#lib/trace'
import type { PublicCtx } from '#services/context'
import { openSession } from '#services/auth/open-session'
import { createUser } from '#services/users/create-user'

/** The password of every account that is made here. */
export const PASSWORD = 'securepassword'

let passwordHash: Promise<string> | undefined

/** The hash of it, made once for all. */
export function hashOnce(): Promise<string> {
  return (passwordHash ??= hashPassword(PASSWORD))
}

export function newEmail(): string {
  return `u${crypto.randomUUID().slice(0, 13)}@example.com`
}

/** A fresh account called Ana Silva. */
export async function createAccount(): Promise<User> {
  const password_hash = await hashOnce()
  const person = { email: newEmail(), username: null, first_name: 'Ana', last_name: 'Silva', password_hash }
  return createUser(nobody(), person)
}

/** A fresh account, logged in. */
export async function createSession(): Promise<LoginAnswer> {
  const user = await createAccount()
  const password_hash = await hashOnce()
  return { ...(await openSession(nobody(), { id: user.id, password_hash })), user }
}

/** What a verb gets when nobody is logged in. */
function nobody(): PublicCtx {
  return {
    env,
    config: readConfig(env),
    db: connect(env),
    locale: 'pt',
    requestId: crypto.randomUUID(),
    trace: childTrace(),
    now: Date.now,
    later: (work) => void work(),
    turn: {
      lane: () => '',
      takeFor: async () => undefined,
      take: async () => undefined,
      leaveToWork: () => undefined,
      end: () => undefined,
    },
    client: { userAgent: undefined, address: undefined },
  }
}
