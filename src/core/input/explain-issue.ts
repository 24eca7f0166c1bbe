import { z } from 'zod'
import type { InputProblem } from '#core/errors'
import { type Params, say, type Sentence } from '#core/messages'
import { INPUT_SENTENCES as SAY, TYPE_NAMES } from './sentences.ts'
import { toPointer } from './json-pointer.ts'

type Issue = z.core.$ZodIssue
type Explanation = Pick<InputProblem, 'sentence' | 'params'>

const PT = z.locales.pt().localeError
const EN = z.locales.en().localeError

/** How a refinement says what is wrong: `.refine(check, { params: { sentence: { pt, en }, values: { … } } })`. */
const Carried = z.object({
  sentence: z.object({ pt: z.string(), en: z.string() }),
  values: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
})

/**
 * What people read about one issue: in both languages, one problem per unknown key, and for a union the problems of
 * the alternative that came nearest.
 *
 * @param input what was parsed; zod's issues do not carry it
 */
export function explainIssue(issue: Issue, input: unknown): InputProblem[] {
  const path = toPointer(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: path + toPointer([key]), sentence: SAY.unknown }))
  }
  const value = valueAt(input, issue.path)
  const nearest = issue.code === 'invalid_union' ? nearestAlternative(issue.errors) : []
  if (nearest.length > 0) {
    return nearest.flatMap((inner) => explainIssue(inner, value)).map((p) => ({ ...p, pointer: path + p.pointer }))
  }
  return [{ pointer: path, ...explain(issue, value) }]
}

/** The same for a sentence around them: each problem's pointer within what was parsed, and its text in both languages. */
export function detailIssue(issue: Issue, input: unknown): { readonly pointer: string; readonly detail: Sentence }[] {
  return explainIssue(issue, input).map(({ pointer, sentence, params }) => ({
    pointer,
    detail: { pt: say(sentence, 'pt', params), en: say(sentence, 'en', params) },
  }))
}

function explain(issue: Issue, value: unknown): Explanation {
  const carried = issue.code === 'custom' ? Carried.safeParse(issue.params) : undefined
  if (carried?.success) return { sentence: carried.data.sentence, params: carried.data.values }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod ties the input's type to each code
  const raw = { ...issue, input: value } as z.core.$ZodRawIssue
  const pt = text(PT(raw))
  const en = text(EN(raw))
  // A message that is not zod's own was written into the schema, by someone who knew more than the kind of issue.
  if (issue.message !== en && !isCoerced(issue)) return { sentence: { pt: issue.message, en: issue.message } }
  return ours(issue, value) ?? { sentence: { pt, en } }
}

/** A number out of a path or a query: zod speaks of what it made of the text, not of the text. */
function isCoerced(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received NaN')
}

/** Zod's sentences are for programmers ("expected string, received undefined"); these are for the common cases. */
function ours(issue: Issue, value: unknown): Explanation | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined ? { sentence: SAY.required } : wrongType(issue.expected)
    case 'too_small':
      return bound('least', issue.origin, Number(issue.minimum), issue.inclusive === true)
    case 'too_big':
      return bound('most', issue.origin, Number(issue.maximum), issue.inclusive === true)
    case 'invalid_value':
      return value === undefined
        ? { sentence: SAY.required }
        : { sentence: SAY.one_of, params: { values: issue.values.map(String).join(', ') } }
    case 'invalid_format':
      return formatted(issue.format)
    default:
      return undefined
  }
}

function wrongType(expected: string): Explanation | undefined {
  const name: Sentence | undefined = TYPE_NAMES[expected]
  if (name === undefined) return undefined
  return { sentence: { pt: `Deve ser ${name.pt}.`, en: `Must be ${name.en}.` } }
}

function bound(side: 'least' | 'most', origin: string, limit: number, inclusive: boolean): Explanation | undefined {
  const params: Params = { limit }
  if (origin === 'string') return { sentence: SAY[`length_${side}`], params }
  if (origin === 'array') return { sentence: SAY[`items_${side}`], params }
  if (origin !== 'number' && origin !== 'int') return undefined
  return { sentence: inclusive ? SAY[`number_${side}`] : SAY[`number_${side}_exclusive`], params }
}

function formatted(format: string): Explanation {
  const known: Readonly<Record<string, Sentence>> = {
    email: SAY.email,
    uuid: SAY.uuid,
    url: SAY.url,
    datetime: SAY.datetime,
  }
  return { sentence: known[format] ?? SAY.format }
}

/** The alternative whose first problem lies deepest: its outer shape was the right one. */
function nearestAlternative(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map((issue) => issue.path.length))
  const deepest = Math.max(0, ...alternatives.map(depth))
  return deepest === 0 ? [] : (alternatives.find((issues) => depth(issues) === deepest) ?? [])
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

function text(message: string | { message: string } | null | undefined): string {
  return typeof message === 'string' ? message : (message?.message ?? '')
}
