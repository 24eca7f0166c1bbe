import { z } from 'zod'
import { joinName } from './names.ts'

/** A user as clients see it. `role` is the installation's; roles in workspaces are apart. */
export const User = z
  .object({
    id: z.uuid(),
    email: z.string(),
    username: z.string().nullable(),
    name: z.string(),
    full_name: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    avatar_url: z.string().nullable(),
    is_active: z.boolean(),
    is_verified: z.boolean(),
    role: z.enum(['admin', 'user']),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

/** What is stored of a user, but for the password. */
export interface StoredUser extends Omit<User, 'name' | 'full_name' | 'created_at' | 'updated_at'> {
  readonly created_at: Date
  readonly updated_at: Date
}

/** A stored user as clients see it, and nothing besides: a column that is added later stays inside. */
export function toUser(stored: StoredUser): User {
  const name = joinName(stored)
  return {
    id: stored.id,
    email: stored.email,
    username: stored.username,
    name,
    full_name: name,
    first_name: stored.first_name,
    last_name: stored.last_name,
    avatar_url: stored.avatar_url,
    is_active: stored.is_active,
    is_verified: stored.is_verified,
    role: stored.role,
    created_at: stored.created_at.toISOString(),
    updated_at: stored.updated_at.toISOString(),
  }
}
