/** Which names an expression or the body of a function uses: ours, the sandbox's own, and those that nobody knows. */
import type { AnyNode } from 'acorn'

/** The names an expression may begin with. `$item` and `$index` are there while something is done for each item. */
export const ROOTS = [
  '$input',
  '$trigger',
  '$nodes',
  '$vars',
  '$secrets',
  '$execution',
  '$workflow',
  '$now',
  '$item',
  '$index',
] as const
export type Root = (typeof ROOTS)[number]

/** What the sandbox has besides: JavaScript's own names, as QuickJS knows them. */
export const SANDBOX_GLOBALS: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array
  InternalError Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set
  SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray
  WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite
  isNaN parseFloat parseInt undefined unescape`.split(/\s+/),
)

export interface UsedNames {
  readonly roots: ReadonlySet<Root>
  /** Ids that stand after `$nodes.`, for the check that such nodes exist. */
  readonly nodeIds: ReadonlySet<string>
  /** Whether `$nodes` is also used in another way, so that every output may be meant. */
  readonly allNodes: boolean
  /** The secrets that it names. */
  readonly secrets: ReadonlySet<string>
  /** Whether `$secrets` is also used in a way that does not say which one. */
  readonly anySecret: boolean
  /** Names that are neither ours, nor the sandbox's, nor declared anywhere within. */
  readonly unknown: readonly string[]
}

/** Thrown by `readNames`. */
export class TooDeep extends Error {
  override readonly name = 'TooDeep'
}

/** @throws TooDeep when the tree nests deeper than `maxDepth` */
export function readNames(tree: AnyNode, maxDepth: number): UsedNames {
  const used = new Set<string>()
  const declared = new Set<string>(['arguments'])
  const nodeIds = new Set<string>()
  const secrets = new Set<string>()
  let nodesRead = 0
  let secretsRead = 0
  const visit = (node: AnyNode, depth: number): void => {
    if (depth === 0) throw new TooDeep()
    if (node.type === 'Identifier') {
      used.add(node.name)
      if (node.name === '$nodes') nodesRead += 1
      if (node.name === '$secrets') secretsRead += 1
    }
    if (node.type === 'MemberExpression') {
      const id = memberOf(node, '$nodes')
      if (id !== undefined) {
        nodeIds.add(id)
        nodesRead -= 1
      }
      const secret = memberOf(node, '$secrets')
      if (secret !== undefined) {
        secrets.add(secret)
        secretsRead -= 1
      }
    }
    declareNames(node, declared)
    for (const child of childrenOf(node)) visit(child, depth - 1)
  }
  visit(tree, maxDepth)
  const isKnown = (name: string): boolean => isRoot(name) || SANDBOX_GLOBALS.has(name) || declared.has(name)
  return {
    roots: new Set([...used].filter(isRoot)),
    nodeIds,
    allNodes: nodesRead > 0,
    secrets,
    anySecret: secretsRead > 0,
    unknown: [...used].filter((name) => !isKnown(name)),
  }
}

export function isRoot(name: string): name is Root {
  return ROOTS.some((root) => root === name)
}

/** The id in `$nodes.id` or `$nodes["id"]`. */
function memberOf(node: AnyNode & { type: 'MemberExpression' }, root: Root): string | undefined {
  if (node.object.type !== 'Identifier' || node.object.name !== root) return undefined
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined
  return node.property.type === 'Literal' ? String(node.property.value) : undefined
}

/** Where a name is declared does not matter here: the sandbox itself knows about scopes. */
function declareNames(node: AnyNode, declared: Set<string>): void {
  switch (node.type) {
    case 'VariableDeclarator':
      return declarePattern(node.id, declared)
    case 'FunctionExpression':
    case 'FunctionDeclaration':
    case 'ArrowFunctionExpression':
      for (const param of node.params) declarePattern(param, declared)
      if (node.id) declared.add(node.id.name)
      return
    case 'ClassExpression':
    case 'ClassDeclaration':
      if (node.id) declared.add(node.id.name)
      return
    case 'CatchClause':
      if (node.param) declarePattern(node.param, declared)
      return
    default:
  }
}

function declarePattern(pattern: AnyNode, declared: Set<string>): void {
  if (pattern.type === 'Identifier') declared.add(pattern.name)
  if (pattern.type === 'AssignmentPattern') declarePattern(pattern.left, declared)
  if (pattern.type === 'RestElement') declarePattern(pattern.argument, declared)
  if (pattern.type === 'ArrayPattern') {
    for (const element of pattern.elements) if (element !== null) declarePattern(element, declared)
  }
  if (pattern.type === 'ObjectPattern') {
    for (const property of pattern.properties) {
      declarePattern(property.type === 'Property' ? property.value : property, declared)
    }
  }
}

/** Fields that hold a name and not a variable, unless they are computed. */
const NAME_FIELDS: Readonly<Record<string, string>> = {
  MemberExpression: 'property',
  Property: 'key',
  MethodDefinition: 'key',
  PropertyDefinition: 'key',
}
const LABELLED = new Set(['LabeledStatement', 'BreakStatement', 'ContinueStatement'])

/** The nodes within a node, without what is a mere name. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const isComputed = 'computed' in node && node.computed
  const skipped = isComputed ? undefined : NAME_FIELDS[node.type]
  if (node.type === 'MetaProperty') return []
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (key === skipped || (key === 'label' && LABELLED.has(node.type))) return []
    return (Array.isArray(value) ? value : [value]).filter(isNode)
  })
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
