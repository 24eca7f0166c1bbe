import { z } from 'zod'
import { AvatarUrl, LastName, PersonName, Username } from './fields.ts'
import { NAMES_DIFFER, resolveNames } from './names.ts'

/** What users may change of themselves; what is absent stays. `null` takes a username or an avatar away. */
export const UpdateMeInput = z
  .strictObject({
    name: PersonName.optional(),
    full_name: PersonName.optional(),
    first_name: PersonName.optional(),
    last_name: LastName.optional(),
    username: Username.nullish(),
    avatar_url: AvatarUrl.nullish(),
  })
  .transform((input, context) => {
    const names = resolveNames(input)
    if (!names.ok) {
      context.addIssue({ code: 'custom', path: [names.error], params: { sentence: NAMES_DIFFER } })
      return z.NEVER
    }
    return { ...names.value, username: input.username, avatar_url: input.avatar_url }
  })
  .meta({ id: 'UpdateMeInput' })
export type UpdateMeInput = z.output<typeof UpdateMeInput>
