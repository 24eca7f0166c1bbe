/** Workflow files of a folder, and what is wrong with them, by line. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isNode, LineCounter } from 'yaml'
import { type Locale, say as sayOf } from '#core/messages'
import { compile } from '#core/workflow/compile'
import { GRAPH_PROBLEMS, type GraphProblem } from '#core/workflow/problems'
import { toSlug } from '#core/workflow/slug'
import { WorkflowFile } from '#core/workflow-file/file'
import { toDefinition } from '#core/workflow-file/read-file'
import { readYaml, type YamlDocument } from '#core/workflow-file/yaml'
import { explainIssue } from '#core/input/explain-issue'
import { catalog } from '#nodes/catalog'
import { CliError, type Say } from './messages.ts'

const FILE = /\.(ya?ml|json)$/

export interface FileProblem {
  readonly line: number
  readonly pointer: string
  readonly message: string
}

export interface ReadWorkflow {
  readonly path: string
  readonly file: WorkflowFile
  readonly slug: string
  /** The line of a pointer into it. */
  readonly lineOf: (pointer: string) => number
}

export interface ReadFiles {
  readonly workflows: readonly ReadWorkflow[]
  /** Of files that could not be taken for workflows at all. */
  readonly problems: readonly (FileProblem & { readonly path: string })[]
}

/**
 * @param paths files, or folders whose files count
 * @throws CliError for a path that cannot be read, or when there is no file at all
 */
export function readFiles(paths: readonly string[], locale: Locale, say: Say): ReadFiles {
  const files = paths.flatMap((path) => listFiles(path, say))
  if (files.length === 0) throw new CliError(say('no_files', { path: paths.join(', ') }), 2)
  const read = files.map((path) => readOne(path, locale))
  const workflows = read.flatMap((one) => one.workflows)
  const first = new Map<string, string>()
  const doubles = workflows.flatMap(({ slug, path, lineOf }) => {
    const other = first.get(slug)
    if (other === undefined) first.set(slug, path)
    return other === undefined
      ? []
      : [{ path, line: lineOf('/slug'), pointer: '/slug', message: say('slug_twice', { slug, path: other }) }]
  })
  return { workflows, problems: [...read.flatMap((one) => one.problems), ...doubles] }
}

function listFiles(path: string, say: Say): string[] {
  if (!existsSync(path)) throw new CliError(say('unreadable', { path }), 2)
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => FILE.test(name))
    .toSorted()
    .map((name) => join(path, name))
}

function readOne(path: string, locale: Locale): ReadFiles {
  const lines = new LineCounter()
  const read = readYaml(readFileSync(path, 'utf8'), lines)
  if (!read.ok) {
    const { line, detail } = read.error
    return { workflows: [], problems: [{ path, line, pointer: '', message: detail }] }
  }
  const workflows: ReadWorkflow[] = []
  const problems: (FileProblem & { path: string })[] = []
  for (const { document, value } of read.value) {
    const lineOf = (pointer: string): number => findLine(document, lines, pointer)
    const parsed = WorkflowFile.safeParse(value)
    if (parsed.success) {
      workflows.push({ path, file: parsed.data, slug: parsed.data.slug ?? toSlug(parsed.data.name), lineOf })
      continue
    }
    for (const { pointer, sentence, params } of parsed.error.issues.flatMap((issue) => explainIssue(issue, value))) {
      problems.push({ path, line: lineOf(pointer), pointer, message: sayOf(sentence, locale, params) })
    }
  }
  return { workflows, problems }
}

/** Any id: whether another workflow is there is what the server knows. */
const SOMEWHERE = '00000000-0000-7000-8000-000000000000'

/** Everything that would keep a workflow from being executed, as far as it can be known without the server. */
export function checkGraph({ file, lineOf }: ReadWorkflow, locale: Locale): FileProblem[] {
  const { definition } = toDefinition(file, { catalog, idOf: () => SOMEWHERE, isKnown: () => true })
  const compiled = compile(definition, catalog)
  if (compiled.ok) return []
  const edges = Array.isArray(definition['edges']) ? definition['edges'] : []
  return compiled.error.map((problem) => {
    const pointer = toFilePointer(problem, file, edges)
    const message = sayOf(GRAPH_PROBLEMS[problem.code], locale, problem.params)
    return { line: lineOf(pointer), pointer, message }
  })
}

function toFilePointer(
  { nodeId, edgeId, path = '' }: GraphProblem,
  file: WorkflowFile,
  edges: readonly unknown[],
): string {
  if (nodeId !== undefined && file.nodes.some(({ id }) => id === nodeId)) {
    return `/nodes/${file.nodes.findIndex(({ id }) => id === nodeId)}${path.replace(/^\/data/, '')}`
  }
  const index = edges.findIndex(
    (edge) => typeof edge === 'object' && edge !== null && 'id' in edge && edge.id === edgeId,
  )
  return index === -1 ? path : `/edges/${index}`
}

/** The line of what a pointer points to, or of the nearest thing around it that is there. */
function findLine(document: YamlDocument, lines: LineCounter, pointer: string): number {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return lines.linePos(document.contents?.range?.[0] ?? 0).line
}
