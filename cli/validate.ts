import type { Locale } from '#core/messages'
import type { Say } from './messages.ts'
import { checkGraph, readFiles } from './read-files.ts'

/** `synapscale validate`: every problem as `file:line: pointer: message`, as editors and CI like it. */
export function validate(paths: readonly string[], locale: Locale, say: Say): number {
  const { workflows, problems } = readFiles(paths, locale, say)
  const all = [
    ...problems,
    ...workflows.flatMap((workflow) =>
      checkGraph(workflow, locale).map((problem) => ({ ...problem, path: workflow.path })),
    ),
  ]
  for (const problem of all) console.error(toLine(problem))
  if (all.length > 0) {
    console.error(say('invalid', { count: all.length }))
    return 1
  }
  console.log(say('valid', { count: workflows.length }))
  return 0
}

export function toLine(problem: { path: string; line: number; pointer: string; message: string }): string {
  const { path, line, pointer, message } = problem
  return `${path}:${line}: ${pointer === '' ? '' : `${pointer}: `}${message}`
}
