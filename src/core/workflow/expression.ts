/**
 * Expressions (`engine.md`), parsed by acorn. Those of the total subset (literals, paths, `?.`, `??`, arithmetic,
 * comparison, logic, ternary, array and object literals, template strings: no calls, no assignments, no loops, so that
 * every evaluation ends) are walked by us (`evaluate.ts`); all others go to the sandbox.
 */
import { type AnyNode, type Expression, parse, parseExpressionAt, type Program } from 'acorn'
import { err, ok, type Result } from '#lib/result'
import { childrenOf, isRoot, readNames, type Root, TooDeep, type UsedNames } from './names.ts'
import { withOptionalPaths } from './optional-paths.ts'

/** What the parser may read for one expression: a text with many malformed ones costs no more than this for each. */
const MAX_EXPRESSION_LENGTH = 8_000
/** Keeps the tree shallow enough to be walked by recursion. */
const MAX_EXPRESSION_DEPTH = 250
/** The body of a `code` node. */
const MAX_BODY_LENGTH = 100_000

/** The secrets that a source names; null for a use that does not say which one. */
export type SecretUses = readonly (string | null)[]

/** What the sandbox runs: JavaScript, and what it must be given for it. */
export interface SandboxProgram {
  readonly kind: 'expression' | 'body'
  readonly source: string
  readonly roots: readonly Root[]
  /** Ids that stand after `$nodes.`. */
  readonly nodeIds: readonly string[]
  /** Whether it may read any other output, too. */
  readonly allNodes: boolean
  readonly secrets: SecretUses
}

export interface ParsedExpression {
  /** How much of the text it takes up. */
  readonly length: number
  /** Ids that stand after `$nodes.`, for the check that such nodes exist. */
  readonly nodeIds: readonly string[]
  /** Whether it may read any other output, too. */
  readonly allNodes: boolean
  readonly roots: readonly Root[]
  readonly secrets: SecretUses
  /** How it is evaluated: here, or as a program in the sandbox. */
  readonly body: { readonly tree: Expression } | { readonly program: SandboxProgram }
}

export interface ExpressionProblem {
  readonly code: 'expression_syntax' | 'expression_unsupported' | 'expression_unknown_name'
  readonly detail: string
  /** How much of the text it takes up, unless it is malformed. */
  readonly length?: number
}

/** Parses the expression that begins at `start`; what follows it may be anything. */
export function parseExpression(text: string, start: number): Result<ParsedExpression, ExpressionProblem> {
  const read = text.slice(start, start + MAX_EXPRESSION_LENGTH)
  let tree: Expression
  try {
    tree = parseExpressionAt(read, 0, { ecmaVersion: 2022, preserveParens: true })
  } catch (error) {
    return err({ code: 'expression_syntax', detail: syntaxDetail(error, read.length < text.length - start) })
  }
  const length = tree.end
  const names = checkNames(tree)
  if (!names.ok) return err({ ...names.error, length })
  const { nodeIds, allNodes, roots } = names.value
  const found = { length, nodeIds: [...nodeIds], allNodes, roots: [...roots], secrets: secretUsesOf(names.value) }
  if (isTotal(tree)) return ok({ ...found, body: { tree } })
  const program = toProgram('expression', withOptionalPaths(read, tree), names.value)
  const problem = checkStrict(`(${program.source}\n)`)
  return problem === undefined ? ok({ ...found, body: { program } }) : err({ ...problem, length })
}

/** Parses the body of a function that gets all the names and returns its value; `await` may stand in it. */
export function parseBody(text: string): Result<SandboxProgram, ExpressionProblem> {
  if (text.length > MAX_BODY_LENGTH) return err({ code: 'expression_syntax', detail: `> ${MAX_BODY_LENGTH}` })
  try {
    const names = checkNames(parseStrict(text))
    return names.ok ? ok(toProgram('body', text, names.value)) : names
  } catch (error) {
    return err({ code: 'expression_syntax', detail: syntaxDetail(error, false) })
  }
}

function toProgram(kind: SandboxProgram['kind'], source: string, names: UsedNames): SandboxProgram {
  return {
    kind,
    source,
    roots: [...names.roots],
    nodeIds: [...names.nodeIds],
    allNodes: names.allNodes,
    secrets: secretUsesOf(names),
  }
}

function secretUsesOf({ secrets, anySecret }: UsedNames): SecretUses {
  return anySecret ? [...secrets, null] : [...secrets]
}

function checkNames(tree: AnyNode): Result<UsedNames, ExpressionProblem> {
  try {
    const names = readNames(tree, MAX_EXPRESSION_DEPTH)
    const [unknown] = names.unknown
    return unknown === undefined ? ok(names) : err({ code: 'expression_unknown_name', detail: unknown })
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    return err({ code: 'expression_unsupported', detail: TOO_DEEP })
  }
}

/** The sandbox runs strict code; `parseExpressionAt` knows only the other kind. */
function parseStrict(source: string): Program {
  return parse(`'use strict';${source}`, {
    ecmaVersion: 2022,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
  })
}

function checkStrict(source: string): ExpressionProblem | undefined {
  try {
    parseStrict(source)
    return undefined
  } catch (error) {
    return { code: 'expression_syntax', detail: syntaxDetail(error, false) }
  }
}

/** acorn's own words, unless it has met one of our limits: the end of what it may read, or of its stack. */
function syntaxDetail(error: unknown, wasCut: boolean): string {
  if (!(error instanceof SyntaxError)) return TOO_DEEP
  const isAtEnd = 'raisedAt' in error && error.raisedAt === MAX_EXPRESSION_LENGTH
  return wasCut && isAtEnd ? `> ${MAX_EXPRESSION_LENGTH}` : error.message
}

const TOO_DEEP = `nesting > ${MAX_EXPRESSION_DEPTH}`

const TOTAL_TYPES = new Set([
  'Literal',
  'Identifier',
  'TemplateElement',
  'TemplateLiteral',
  'MemberExpression',
  'ChainExpression',
  'UnaryExpression',
  'BinaryExpression',
  'LogicalExpression',
  'ConditionalExpression',
  'ArrayExpression',
  'ObjectExpression',
  'Property',
  'ParenthesizedExpression',
])

const UNARY = new Set(['!', '-', '+', 'typeof'])
const BINARY = new Set(['+', '-', '*', '/', '%', '**', '==', '!=', '===', '!==', '<', '<=', '>', '>='])

/** Whether an expression lies within the total subset. That it is shallow enough was checked with its names. */
function isTotal(node: AnyNode): boolean {
  if (!TOTAL_TYPES.has(node.type)) return false
  if (node.type === 'Identifier' && node.name !== 'undefined' && !isRoot(node.name)) return false
  if (node.type === 'Literal' && (node.regex !== undefined || node.bigint !== undefined)) return false
  if (node.type === 'UnaryExpression' && !UNARY.has(node.operator)) return false
  if (node.type === 'BinaryExpression' && !BINARY.has(node.operator)) return false
  if (node.type === 'Property' && (node.kind !== 'init' || node.method)) return false
  return childrenOf(node).every(isTotal)
}
