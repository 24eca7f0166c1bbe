/** What can be seen wrong in an agent's settings before it is used, and what they name. */
import type { InputProblem } from '#core/errors'
import type { Sentence } from '#core/messages'
import { detailIssue } from '#core/input/explain-issue'
import { toPointer } from '#core/input/json-pointer'
import { GRAPH_PROBLEMS } from '#core/workflow/problems'
import { findSources } from '#core/workflow/programs'
import type { ResourceKind } from '#core/workflow/references'
import { containsTemplate } from '#core/workflow/template'
import { isUuid } from '#lib/ids'
import { isJsonObject, type Json } from '#lib/json'
import type { AgentSnapshot, ToolSetting } from './snapshot.ts'
import type { ToolCatalog } from './tool-type.ts'

const sentence = (pt: string, en: string): Sentence => ({ pt, en })

export const AGENT_PROBLEMS = {
  unknown_tool: sentence('O tipo de ferramenta {type} não existe.', 'The tool type {type} does not exist.'),
  bad_config: sentence('Configuração inválida: {detail}', 'Invalid config: {detail}'),
  same_name: sentence('Outra ferramenta já se chama {name}.', 'Another tool is called {name} already.'),
  unknown_secret: sentence('Não há neste workspace um segredo {name}.', 'There is no secret {name} in this workspace.'),
  no_nodes: sentence('Aqui não há $nodes.', 'There is no $nodes here.'),
  bad_schema: sentence('Não é um JSON Schema: {detail}', 'This is no JSON Schema: {detail}'),
} as const

/** A thing that an agent names: an id of one kind, or a secret by its key. */
export interface AgentReference {
  readonly kind: ResourceKind | 'secret'
  readonly id: string
  readonly pointer: string
}

export interface AgentCheck {
  readonly problems: readonly InputProblem[]
  readonly references: readonly AgentReference[]
}

type Checked = Partial<Pick<AgentSnapshot, 'instructions' | 'tools'>> & {
  readonly personality?: string | null | undefined
}

/** Every problem of instructions and tools, and everything that they name. */
export function checkAgentSettings(
  { instructions, personality, tools = [] }: Checked,
  catalog: ToolCatalog,
): AgentCheck {
  const found = tools.map((tool, index) => checkTool(tool, `/tools/${index}`, catalog))
  return {
    problems: [
      ...problemsOfText(instructions ?? '', '/instructions'),
      ...problemsOfText(personality ?? '', '/personality'),
      ...found.flatMap(({ problems }) => problems),
      ...sameNames(tools, catalog),
    ],
    references: found.flatMap(({ references }) => references),
  }
}

function problemsOfText(text: string, pointer: string): readonly InputProblem[] {
  const field = pointer.slice(1)
  return checkExpressions({ [field]: text }, [], '').problems
}

function checkTool({ type: name, config }: ToolSetting, pointer: string, catalog: ToolCatalog): AgentCheck {
  const type = Object.hasOwn(catalog, name) ? catalog[name] : undefined
  if (type === undefined) {
    const problem = { pointer: `${pointer}/type`, sentence: AGENT_PROBLEMS.unknown_tool, params: { type: name } }
    return { problems: [problem], references: [] }
  }
  const parsed = type.config.safeParse(config)
  const problems = (parsed.success ? [] : parsed.error.issues)
    // What a template will give is not known yet.
    .filter(({ path, code }) => code === 'unrecognized_keys' || !containsTemplate(valueAt(config, path)))
    .flatMap((issue) => detailIssue(issue, config))
    .map(({ pointer: at, detail }) => ({
      pointer: `${pointer}/config${at}`,
      sentence: AGENT_PROBLEMS.bad_config,
      params: { detail },
    }))
  const expressions = checkExpressions(config, type.secrets ?? [], `${pointer}/config`)
  const ids = Object.entries(type.references ?? {}).flatMap(([field, kind]) => {
    const value = config[field]
    const at = `${pointer}/config/${field}`
    const named = Array.isArray(value) ? value.map((id, index) => ({ id, at: `${at}/${index}` })) : [{ id: value, at }]
    return named.flatMap(({ id, at: place }) =>
      typeof id === 'string' && isUuid(id) ? [{ kind, id: id.toLowerCase(), pointer: place }] : [],
    )
  })
  return {
    problems: [...problems, ...expressions.problems],
    references: [...ids, ...expressions.references],
  }
}

/** The expressions in an object: those that do not parse, and secrets where they may not be. */
function checkExpressions(object: Json, secretFields: readonly string[], pointer: string): AgentCheck {
  const problems: InputProblem[] = []
  const references: AgentReference[] = []
  for (const { path, source: expression, result } of findSources(object, {})) {
    const at = { pointer: `${pointer}${toPointer(path)}` }
    if (!result.ok) {
      const { code, detail } = result.error
      problems.push({ ...at, sentence: GRAPH_PROBLEMS[code], params: { expression, detail } })
      continue
    }
    const { secrets, nodeIds } = result.value
    const field = String(path[0])
    if (nodeIds.length > 0) problems.push({ ...at, sentence: AGENT_PROBLEMS.no_nodes })
    if (secrets.length > 0 && !secretFields.includes(field)) {
      problems.push({ ...at, sentence: GRAPH_PROBLEMS.secret_not_here, params: { field } })
    } else if (secrets.includes(null)) {
      problems.push({ ...at, sentence: GRAPH_PROBLEMS.secret_not_named, params: { expression } })
    } else {
      for (const name of secrets) if (name !== null) references.push({ kind: 'secret', id: name, ...at })
    }
  }
  return { problems, references }
}

function sameNames(tools: readonly ToolSetting[], catalog: ToolCatalog): readonly InputProblem[] {
  const seen = new Set<string>()
  return tools.flatMap(({ type, name = type }, index) => {
    if (!Object.hasOwn(catalog, type)) return []
    const isTaken = seen.has(name)
    seen.add(name)
    return isTaken ? [{ pointer: `/tools/${index}/name`, sentence: AGENT_PROBLEMS.same_name, params: { name } }] : []
  })
}

function valueAt(value: Json, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isJsonObject(inner) || Array.isArray(inner) ? Reflect.get(inner, key) : undefined),
    value,
  )
}
