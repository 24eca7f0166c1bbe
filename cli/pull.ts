import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { Slug } from '#core/workflow/slug'
import { MASK } from '#core/workflow-file/mask'
import type { Api } from './api.ts'
import type { MessageCode, Say } from './messages.ts'

const AT_ONCE = 4
const Page = z.object({ items: z.array(z.object({ id: z.uuid(), slug: Slug })), pages: z.int() })

interface Pulled {
  readonly path: string
  readonly text: string
  readonly outcome: Extract<MessageCode, 'written' | 'overwritten' | 'same' | 'conflict'>
}

/**
 * `synapscale pull`: one file a workflow. A file that differs is overwritten only if git can bring it back, or by
 * force; otherwise nothing at all is written.
 */
export async function pull(api: Api, directory: string, isForced: boolean, say: Say): Promise<number> {
  const workflows = await listWorkflows(api)
  if (workflows.length === 0) console.log(say('no_workflows'))
  const pulled: Pulled[] = []
  for (let start = 0; start < workflows.length; start += AT_ONCE) {
    const some = workflows.slice(start, start + AT_ONCE).map(async ({ id, slug }): Promise<Pulled> => {
      const path = join(directory, `${slug}.yaml`)
      const text = await api.text(`/workflows/${id}/export?format=yaml`)
      return { path, text, outcome: judge(path, text, isForced) }
    })
    pulled.push(...(await Promise.all(some)))
  }
  const conflicts = pulled.filter(({ outcome }) => outcome === 'conflict')
  if (conflicts.length > 0) {
    for (const { path } of conflicts) console.error(say('conflict', { path }))
    console.error(say('conflicts'))
    return 1
  }
  mkdirSync(directory, { recursive: true })
  for (const { path, text, outcome } of pulled) {
    if (outcome !== 'same') writeFileSync(path, text)
    console.log(say(outcome, { path }))
    const count = text.split(MASK).length - 1
    if (count > 0) console.warn(say('masked', { path, count }))
  }
  const names = new Set(pulled.map(({ path }) => basename(path)))
  for (const name of readdirSync(directory).toSorted()) {
    if (name.endsWith('.yaml') && !names.has(name)) console.log(say('only_here', { path: join(directory, name) }))
  }
  return 0
}

async function listWorkflows(api: Api): Promise<z.infer<typeof Page>['items']> {
  const all: z.infer<typeof Page>['items'] = []
  for (let page = 1; ; page += 1) {
    const { items, pages } = await api.json(Page, `/workflows?size=100&page=${page}`)
    all.push(...items)
    if (page >= pages) return all.toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
  }
}

function judge(path: string, text: string, isForced: boolean): Pulled['outcome'] {
  if (!existsSync(path)) return 'written'
  // Git may have checked the file out with the line ends of another system.
  if (readFileSync(path, 'utf8').replaceAll('\r\n', '\n') === text) return 'same'
  return isForced || isCommitted(path) ? 'overwritten' : 'conflict'
}

/** Whether git has the file just as it is. */
function isCommitted(path: string): boolean {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [...args, '--', basename(path)], {
      cwd: dirname(path),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  try {
    git('ls-files', '--error-unmatch')
    return git('status', '--porcelain') === ''
  } catch {
    return false
  }
}
