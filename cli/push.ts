import { z } from 'zod'
import type { Locale } from '#core/messages'
import { ImportAnswer, type ImportedWorkflow } from '#core/workflow-file/import'
import { type Api, Refused } from './api.ts'
import type { Say } from './messages.ts'
import { readFiles, type ReadWorkflow } from './read-files.ts'
import { toLine } from './validate.ts'

export interface PushOptions {
  readonly isDry: boolean
  readonly publishes: boolean
  readonly notes: string | undefined
}

/** `synapscale push`: all files in one request, all or none; with `--publish` nothing that cannot be published. */
export async function push(
  api: Api,
  directory: string,
  { isDry, publishes, notes }: PushOptions,
  locale: Locale,
  say: Say,
): Promise<number> {
  const { workflows, problems } = readFiles([directory], locale, say)
  for (const problem of problems) console.error(toLine(problem))
  if (problems.length > 0) return 1
  const send = (dryRun: boolean): Promise<ImportAnswer | undefined> => importAll(api, workflows, dryRun)
  if (publishes || isDry) {
    const planned = await send(true)
    if (planned === undefined) return 1
    const count = publishes ? showProblems(planned.items, workflows) : 0
    if (count > 0) {
      console.error(say('has_problems'))
      return 1
    }
    if (isDry) {
      showItems(planned.items, say)
      if (!publishes) showProblems(planned.items, workflows)
      for (const item of planned.items.filter((one) => publishes && isToPublish(one))) {
        console.log(say('would_publish', { slug: item.slug, version: item.version }))
      }
      console.log(say('dry'))
      return 0
    }
  }
  const done = await send(false)
  if (done === undefined) return 1
  showItems(done.items, say)
  if (!publishes) {
    showProblems(done.items, workflows)
    return 0
  }
  for (const { id, slug, version } of done.items.filter(isToPublish)) {
    await api.json(z.unknown(), `/workflows/${id}/publish`, { version, ...(notes === undefined ? {} : { notes }) })
    console.log(say('published', { slug, version }))
  }
  return 0
}

function isToPublish({ version, published_version }: ImportedWorkflow): boolean {
  return version !== published_version
}

/** Undefined when the server refused, which is told by file and line. */
async function importAll(api: Api, workflows: readonly ReadWorkflow[], dryRun: boolean) {
  try {
    return await api.json(ImportAnswer, `/workflows/import?dry_run=${dryRun}`, {
      workflows: workflows.map(({ file, slug }) => ({ ...file, slug })),
    })
  } catch (error) {
    if (!(error instanceof Refused) || error.errors.length === 0) throw error
    console.error(error.message)
    for (const { pointer, detail: message } of error.errors) {
      const [, index = '', inside = ''] = /^\/workflows\/(\d+)(.*)$/s.exec(pointer) ?? []
      const workflow = workflows[Number(index)]
      if (index === '' || workflow === undefined) console.error(`${pointer}: ${message}`)
      else console.error(toLine({ path: workflow.path, line: workflow.lineOf(inside), pointer: inside, message }))
    }
    return undefined
  }
}

function showItems(items: readonly ImportedWorkflow[], say: Say): void {
  for (const { slug, action, changed_fields, diff } of items) {
    const nodes = diff?.nodes
    const counts =
      nodes === undefined ? [] : [`+${nodes.added.length} −${nodes.removed.length} ~${nodes.changed.length}`]
    const what = changed_fields.map((field) => (field === 'definition' ? [field, ...counts].join(' ') : field))
    console.log(say(action, { slug, what: what.join(', ') }))
  }
}

/** How many there are. */
function showProblems(items: readonly ImportedWorkflow[], workflows: readonly ReadWorkflow[]): number {
  const lines = items.flatMap(({ problems }, index) =>
    problems.map(({ message, node_id, edge_id }) => {
      const at = node_id ?? edge_id
      return `${workflows[index]?.path ?? ''}: ${at === null ? '' : `${at}: `}${message}`
    }),
  )
  for (const line of lines) console.error(line)
  return lines.length
}
