import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { parseEnvText } from '#core/variable/env-text'
import { isMask, OlderInput } from '#core/variable/older'
import { VARIABLE_PROBLEMS } from '#core/variable/problems'
import { VariableKey, type VariableImport, type VariableInput, type VariableOutcome } from '#core/variable/variable'
import type { Ctx } from '#services/context'
import { allVariables } from './all-variables.ts'
import { createVariable } from './create-variable.ts'
import { updateVariable } from './update-variable.ts'

type Fate = 'created' | 'updated' | 'skipped'

/** Makes or changes variables one by one and tells what became of each; one that is refused does not stop the others. */
export async function createVariables(ctx: Ctx, inputs: readonly VariableInput[]): Promise<VariableOutcome> {
  return each(inputs, ctx, async (input) => {
    await createVariable(ctx, input)
    return 'created'
  })
}

/** The lines of a `.env` file. Masked values, and known keys unless they may be overwritten, are skipped. */
export async function importVariables(ctx: Ctx, order: VariableImport): Promise<VariableOutcome> {
  const known = new Map((await allVariables(ctx)).map(({ key, id }) => [key, id]))
  const { category, secret, overwrite } = order
  return each(parseEnvText(order.content), ctx, async ({ key, value }) => {
    const id = known.get(key)
    if (isMask(value) || (id !== undefined && !overwrite)) return 'skipped'
    const input = OlderInput.safeParse({
      key,
      value,
      category,
      ...(secret === undefined ? {} : { secret }),
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
): Promise<VariableOutcome> {
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
