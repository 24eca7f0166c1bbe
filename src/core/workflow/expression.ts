/**
 * The total subset of JavaScript expressions (`engine.md`): literals, paths, `?.`, `??`, arithmetic, comparison, logic,
 * ternary, array and object literals, template strings. No calls, no assignments, no loops, so that every evaluation
 * ends. Parsed by acorn, walked by us (`evaluate.ts`).
 */
import { type AnyNode, type Expression, parseExpressionAt } from 'acorn'
import { err, ok, type Result } from '#lib/result'

/** The names an expression may begin with. */
export const ROOTS = ['$input', '$trigger', '$nodes', '$item', '$index', '$execution', '$workflow', '$now'] as const

/** What the parser may read for one expression: a text with many malformed ones costs no more than this for each. */
const MAX_EXPRESSION_LENGTH = 8_000
/** Keeps the tree shallow enough to be walked by recursion. */
const MAX_EXPRESSION_DEPTH = 250

export interface ParsedExpression {
  readonly tree: Expression
  /** How much of the text it takes up. */
  readonly length: number
  /** Ids that stand after `$nodes.`, for the check that such nodes exist. */
  readonly nodeIds: readonly string[]
}

export interface ExpressionProblem {
  readonly code: 'expression_syntax' | 'expression_unsupported' | 'expression_unknown_name'
  readonly detail: string
  /** How much of the text it takes up, unless it is malformed. */
  readonly length?: number
}

/** Parses the expression that begins at `start` and checks that it lies within the subset; what follows it may be anything. */
export function parseExpression(text: string, start: number): Result<ParsedExpression, ExpressionProblem> {
  const read = text.slice(start, start + MAX_EXPRESSION_LENGTH)
  let tree: Expression
  try {
    tree = parseExpressionAt(read, 0, { ecmaVersion: 2022, preserveParens: true })
  } catch (error) {
    return err({ code: 'expression_syntax', detail: syntaxDetail(error, read.length < text.length - start) })
  }
  const nodeIds: string[] = []
  const problem = checkSubset(tree, nodeIds, MAX_EXPRESSION_DEPTH)
  return problem === undefined ? ok({ tree, length: tree.end, nodeIds }) : err({ ...problem, length: tree.end })
}

/** acorn's own words, unless it has met one of our limits: the end of what it may read, or of its stack. */
function syntaxDetail(error: unknown, wasCut: boolean): string {
  if (!(error instanceof SyntaxError)) return TOO_DEEP
  const isAtEnd = 'raisedAt' in error && error.raisedAt === MAX_EXPRESSION_LENGTH
  return wasCut && isAtEnd ? `> ${MAX_EXPRESSION_LENGTH}` : error.message
}

const TOO_DEEP = `nesting > ${MAX_EXPRESSION_DEPTH}`

const CHILDREN: Readonly<Record<string, readonly string[]>> = {
  Literal: [],
  Identifier: [],
  TemplateElement: [],
  TemplateLiteral: ['quasis', 'expressions'],
  MemberExpression: ['object'],
  ChainExpression: ['expression'],
  UnaryExpression: ['argument'],
  BinaryExpression: ['left', 'right'],
  LogicalExpression: ['left', 'right'],
  ConditionalExpression: ['test', 'consequent', 'alternate'],
  ArrayExpression: ['elements'],
  ObjectExpression: ['properties'],
  Property: ['value'],
  ParenthesizedExpression: ['expression'],
}

const UNARY = new Set(['!', '-', '+', 'typeof'])
const BINARY = new Set(['+', '-', '*', '/', '%', '**', '==', '!=', '===', '!==', '<', '<=', '>', '>='])

function checkSubset(node: AnyNode, nodeIds: string[], depth: number): ExpressionProblem | undefined {
  const unsupported = (detail: string): ExpressionProblem => ({ code: 'expression_unsupported', detail })
  if (depth === 0) return unsupported(TOO_DEEP)
  const children = CHILDREN[node.type]
  if (children === undefined) return unsupported(node.type)
  if (node.type === 'Identifier' && node.name !== 'undefined' && !ROOTS.some((root) => root === node.name)) {
    return { code: 'expression_unknown_name', detail: node.name }
  }
  if (node.type === 'Literal' && (node.regex !== undefined || node.bigint !== undefined)) return unsupported('Literal')
  if (node.type === 'UnaryExpression' && !UNARY.has(node.operator)) return unsupported(node.operator)
  if (node.type === 'BinaryExpression' && !BINARY.has(node.operator)) return unsupported(node.operator)
  if (node.type === 'Property' && (node.kind !== 'init' || node.method)) return unsupported(node.kind)
  if (node.type === 'MemberExpression') collectNodeId(node, nodeIds)
  for (const child of childNodes(node, children)) {
    const problem = checkSubset(child, nodeIds, depth - 1)
    if (problem !== undefined) return problem
  }
  if ((node.type === 'MemberExpression' || node.type === 'Property') && node.computed) {
    return checkSubset(node.type === 'Property' ? node.key : node.property, nodeIds, depth - 1)
  }
  return undefined
}

function childNodes(node: AnyNode, keys: readonly string[]): AnyNode[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- CHILDREN names the fields that hold nodes
  const values = keys.flatMap((key) => Reflect.get(node, key) as AnyNode | AnyNode[] | null)
  return values.filter((value) => value !== null)
}

function collectNodeId(node: AnyNode & { type: 'MemberExpression' }, nodeIds: string[]): void {
  if (node.object.type !== 'Identifier' || node.object.name !== '$nodes') return
  if (!node.computed && node.property.type === 'Identifier') nodeIds.push(node.property.name)
  if (node.computed && node.property.type === 'Literal') nodeIds.push(String(node.property.value))
}
