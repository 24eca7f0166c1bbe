import { index, integer, primaryKey, text, uniqueIndex, type pgSchema } from 'drizzle-orm/pg-core'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** What guards the accounts: the links that we mail, and who guesses at passwords. */
export function guardTables(schema: ReturnType<typeof pgSchema>, users: Owner) {
  /** One a user and purpose, so that asking again takes the former one's place. */
  const oneTimeTokens = schema.table(
    'one_time_tokens',
    {
      user_id: ownedBy(users),
      purpose: text({ enum: ['reset_password', 'verify_email'] }).notNull(),
      /** SHA-256 of the token in hex. */
      token_hash: text().notNull(),
      /** The address that the mail went to: the token proves that one, and no later one. */
      email: text().notNull(),
      created_at: createdAt(),
      expires_at: moment().notNull(),
      used_at: moment(),
      /** Mails since `window_began_at`: nobody's mailbox is flooded. */
      asked: integer().notNull(),
      window_began_at: moment().notNull(),
    },
    (t) => [primaryKey({ columns: [t.user_id, t.purpose] }), uniqueIndex('one_time_tokens_hash_key').on(t.token_hash)],
  )

  /** Wrong passwords in a row, for an account (which need not exist) or from an address. */
  const loginFailures = schema.table(
    'login_failures',
    {
      /** `account:` with a SHA-256 of the e-mail address, or `address:` with a network. */
      key: text().primaryKey(),
      failures: integer().notNull(),
      failed_at: moment().notNull(),
      /** Until when nobody may try. */
      blocked_until: moment().notNull(),
    },
    (t) => [index('login_failures_age_idx').on(t.failed_at)],
  )
  return { oneTimeTokens, loginFailures }
}
