import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { parseEnvText } from '#core/variable/env-text'
import { isMask, type OlderImport, OlderInput, type OlderOutcome } from '#core/variable/older'
import { VARIABLE_PROBLEMS } from '#core/variable/problems'
import { VariableKey, type VariableInput } from '#core/variable/variable'
import type { Ctx } from '#services/context'
import { allVariables } from './all-variables.ts'
import { createVariable } from './create-variable.ts'
import { updateVariable } from './update-variable.ts'

type Fate = 'created' | 'updated' | 'skipped'

/** Makes or changes variables one by one and tells what became of each; one that is refused does not stop the others. */
export async function createVariables(ctx: Ctx, inputs: readonly VariableInput[]): Promise<OlderOutcome> {
  return each(inputs, ctx, async (input) => {
    await createVariable(ctx, input)
    return 'created'
  })
}

/** The lines of a `.env` file. Masked values, and known keys unless they may be overwritten, are skipped. */
export async function importVariables(ctx: Ctx, order: OlderImport): Promise<OlderOutcome> {
  const known = new Map((await allVariables(ctx)).map(({ key, id }) => [key, id]))
  const { default_category: category, is_encrypted, overwrite_existing: overwrites } = order
  return each(parseEnvText(order.env_content), ctx, async ({ key, value }) => {
    const id = known.get(key)
    if (isMask(value) || (id !== undefined && !overwrites)) return 'skipped'
    const input = OlderInput.safeParse({
      key,
      value,
      category,
      ...(is_encrypted === undefined ? {} : { is_encrypted }),
    })
    if (!input.success) throw new AppError('validation_failed')
    if (id !== undefined) {
      await updateVariable(ctx, id, { value })
      return 'updated'
    }
    known.set(key, (await createVariable(ctx, input.data)).id)
    return 'created'
  })
}

async function each<Item extends { readonly key: string }>(
  items: readonly Item[],
  { locale }: Ctx,
  work: (item: Item) => Promise<Fate>,
): Promise<OlderOutcome> {
  const fates: Record<Fate, string[]> = { created: [], updated: [], skipped: [] }
  const errors: { key: string; detail: string }[] = []
  for (const item of items) {
    try {
      fates[await work(item)].push(item.key)
    } catch (error) {
      if (!(error instanceof AppError) || ERRORS[error.code].status >= 500) throw error
      const sentence = VariableKey.safeParse(item.key).success
        ? (error.problems?.[0]?.sentence ?? ERRORS[error.code].sentence)
        : VARIABLE_PROBLEMS.key
      errors.push({ key: item.key, detail: say(sentence, locale, error.params) })
    }
  }
  return { ...fates, errors, total: items.length }
}
