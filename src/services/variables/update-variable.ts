import { and, eq } from 'drizzle-orm'
import { createSecretBox } from '#auth/secret-box'
import { AppError } from '#core/errors'
import { isNarrower } from '#core/variable/hosts'
import { VARIABLE_PROBLEMS } from '#core/variable/problems'
import { isLongEnough, MIN_SECRET_LENGTH, type Variable, type VariablePatch } from '#core/variable/variable'
import { DatabaseError } from '#db/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findVariableRow } from './find-variable.ts'
import { toVariable, type VariableRow } from './to-variable.ts'

/** Somebody else may turn it into a secret, or back, between our reading and our writing. */
const ATTEMPTS = 3

/**
 * Changes what is given. Whoever may change a secret cannot read it by that: neither by making it plain nor by sending
 * it to other hosts, unless they bring a value of their own.
 *
 * @throws AppError `not_found`, `variable_exists`, `validation_failed`, `busy`
 */
export async function updateVariable(ctx: Ctx, id: string, patch: VariablePatch): Promise<Variable> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const former = await findVariableRow(ctx, id)
    refuseImpossible(former, patch)
    const changed = await write(ctx, former, patch)
    if (changed !== undefined) return toVariable(changed)
  }
  throw new AppError('busy', { retryAfterSeconds: 1 })
}

function refuseImpossible(former: VariableRow, patch: VariablePatch): void {
  const secret = patch.secret ?? former.is_secret
  const { value = null, hosts } = patch
  if (former.is_secret && !secret && value === null) throw refusal('/value', 'value_needed_to_reveal')
  if (!secret && hosts !== undefined && hosts.length > 0) throw refusal('/hosts', 'hosts_without_secret')
  if (!secret) return
  const known = value ?? (former.is_secret ? undefined : former.value)
  if (known !== undefined && !isLongEnough(known)) throw refusal('/value', 'secret_too_short')
  const widens = former.is_secret && hosts !== undefined && !isNarrower(hosts, former.hosts)
  if (widens && value === null) throw refusal('/value', 'value_needed_to_widen')
}

function refusal(pointer: string, problem: keyof typeof VARIABLE_PROBLEMS): AppError {
  const params = { limit: MIN_SECRET_LENGTH }
  return new AppError('validation_failed', { problems: [{ pointer, sentence: VARIABLE_PROBLEMS[problem], params }] })
}

/** The changed row, or undefined when what was decided by `former` no longer holds. */
async function write(ctx: Ctx, former: VariableRow, patch: VariablePatch): Promise<VariableRow | undefined> {
  const { variables } = ctx.db.tables
  const { secret = former.is_secret, value: given, hosts, ...fields } = patch
  // A plain value that becomes a secret is sealed; a secret's stays as it is, under whichever key a rotation left it.
  const isKept = typeof given !== 'string'
  const sealsFormer = isKept && secret && !former.is_secret
  const plain = given ?? (sealsFormer ? former.value : undefined)
  const value = plain === undefined || !secret ? plain : await seal(ctx, former.id, plain)
  const change = ctx.db
    .update(variables)
    .set({
      ...fields,
      is_secret: secret,
      ...(value === undefined ? {} : { value }),
      ...(secret ? (hosts === undefined ? {} : { hosts }) : { hosts: [] }),
      updated_at: new Date(ctx.now()),
    })
    .where(
      and(
        eq(variables.id, former.id),
        eq(variables.workspace_id, ctx.principal.workspaceId),
        eq(variables.is_secret, former.is_secret),
        // Only what `refuseImpossible` and the sealing rest on: whoever changes the rest at once does not wait for it.
        isKept && hosts !== undefined ? eq(variables.hosts, former.hosts) : undefined,
        sealsFormer ? eq(variables.value, former.value) : undefined,
      ),
    )
    .returning()
  const details = { key: patch.key ?? former.key, fields: Object.keys(patch) }
  try {
    const [row] = await audited(ctx, change, { action: 'variable.changed', resourceId: former.id, details })
    return row
  } catch (error) {
    if (error instanceof DatabaseError && error.constraint === 'variables_key_key') {
      throw new AppError('variable_exists')
    }
    throw error
  }
}

function seal({ config, principal }: Ctx, variableId: string, value: string): Promise<string> {
  return createSecretBox(config.ENCRYPTION_KEY).seal(value, { workspaceId: principal.workspaceId, variableId })
}
