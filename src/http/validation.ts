import type { Hook } from '@hono/zod-openapi'
import { AppError, type InputProblem } from '#core/errors'
import { isJsonObject } from '#lib/json'
import type { AppEnv } from './app-env.ts'
import { explainIssue } from '#core/input/explain-issue'
import { isStorable, unstorableProblem } from './unstorable-text.ts'

type Place = NonNullable<InputProblem['in']>
const PLACES: Readonly<Record<string, Place | undefined>> = { query: 'query', param: 'path', header: 'header' }

/**
 * The hook behind every validator: what zod found becomes the one error that all bad input is.
 *
 * @throws AppError `validation_failed`
 */
export const rejectInvalid: Hook<unknown, AppEnv, string, void> = (result) => {
  const input: unknown = 'data' in result ? result.data : undefined
  const place = PLACES[result.target]
  const found = result.success
    ? unstorableParameters(input)
    : result.error.issues.flatMap((i) => explainIssue(i, input))
  const problems = place === undefined ? found : found.map((problem) => toParameter(problem, place))
  if (problems.length > 0) throw new AppError('validation_failed', { problems })
}

/** Bodies were checked as text already; in a parameter `%00` is all that can come. */
function unstorableParameters(input: unknown): InputProblem[] {
  if (!isJsonObject(input)) return []
  const bad = Object.entries(input).filter(([, value]) => typeof value === 'string' && !isStorable(value))
  return bad.map(([name]) => unstorableProblem(`/${name}`))
}

/** `/page` in the object of all parameters is the parameter `page`. */
function toParameter(problem: InputProblem, place: Place): InputProblem {
  return { ...problem, pointer: problem.pointer.slice(1), in: place }
}
