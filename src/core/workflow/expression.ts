/**
 * The total subset of JavaScript expressions (`engine.md`): literals, paths, `?.`, `??`, arithmetic, comparison, logic,
 * ternary, array and object literals, template strings. No calls, no assignments, no loops, so that every evaluation
 * ends. Parsed by acorn, walked by us: nothing of the host can be reached, since a path sees own properties only.
 */
import { type AnyNode, type Expression, parseExpressionAt } from 'acorn'
import { err, ok, type Result } from '#lib/result'

/** The names an expression may begin with. */
export const ROOTS = ['$input', '$trigger', '$nodes', '$execution', '$workflow', '$now'] as const
export type Scope = Readonly<Record<(typeof ROOTS)[number], unknown>>

/** Bounds what `'a' + 'a' + …` can grow to. */
const MAX_STRING_LENGTH = 1_048_576
/** Keeps the tree shallow enough to be walked by recursion. */
const MAX_EXPRESSION_LENGTH = 8_000

export interface ParsedExpression {
  readonly source: string
  readonly tree: Expression
  /** Where the expression ends in the text that it was found in. */
  readonly end: number
  /** Ids that stand after `$nodes.`, for the check that such nodes exist. */
  readonly nodeIds: readonly string[]
}

export interface ExpressionProblem {
  readonly code: 'expression_syntax' | 'expression_unsupported' | 'expression_unknown_name'
  readonly detail: string
}

/** Thrown while an expression is evaluated; `message` says why in a few words. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

/** Parses the expression that begins at `start` and checks that it lies within the subset; what follows it may be anything. */
export function parseExpression(text: string, start: number): Result<ParsedExpression, ExpressionProblem> {
  let tree: Expression
  try {
    tree = parseExpressionAt(text, start, { ecmaVersion: 2022, preserveParens: true })
  } catch (error) {
    return err({ code: 'expression_syntax', detail: error instanceof SyntaxError ? error.message : String(error) })
  }
  if (tree.end - tree.start > MAX_EXPRESSION_LENGTH) {
    return err({ code: 'expression_syntax', detail: `> ${MAX_EXPRESSION_LENGTH}` })
  }
  const nodeIds: string[] = []
  const problem = checkSubset(tree, nodeIds)
  return problem === undefined
    ? ok({ source: text.slice(tree.start, tree.end), tree, end: tree.end, nodeIds })
    : err(problem)
}

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

function checkSubset(node: AnyNode, nodeIds: string[]): ExpressionProblem | undefined {
  const unsupported = (detail: string): ExpressionProblem => ({ code: 'expression_unsupported', detail })
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
    const problem = checkSubset(child, nodeIds)
    if (problem !== undefined) return problem
  }
  if ((node.type === 'MemberExpression' || node.type === 'Property') && node.computed) {
    return checkSubset(node.type === 'Property' ? node.key : node.property, nodeIds)
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

/**
 * The expression's value. A missing property along a path is `undefined`, as with `?.`.
 *
 * @throws ExpressionError when a value cannot be reckoned with, e.g. adding an object
 */
export function evaluateExpression(expression: ParsedExpression, scope: Scope): unknown {
  const value = evaluate(expression.tree, scope)
  return value === undefined ? undefined : toJsonMember(value)
}

/** As JSON writes what it has no word for: `NaN`, infinities and what is missing become null. */
function toJsonMember(value: unknown): unknown {
  return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value
}

function evaluate(node: AnyNode, scope: Scope): unknown {
  switch (node.type) {
    case 'Literal':
      return node.value
    case 'Identifier':
      return ROOTS.some((root) => root === node.name) ? Reflect.get(scope, node.name) : undefined
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return evaluate(node.expression, scope)
    case 'MemberExpression':
      return readProperty(evaluate(node.object, scope), propertyKey(node.property, node.computed, scope))
    case 'TemplateLiteral':
      return node.quasis.reduce((text, quasi, index) => {
        const inner = node.expressions[index]
        return concatenate(text + (quasi.value.cooked ?? ''), inner === undefined ? '' : toText(evaluate(inner, scope)))
      }, '')
    case 'UnaryExpression':
      return applyUnary(node.operator, evaluate(node.argument, scope))
    case 'BinaryExpression':
      return applyBinary(node.operator, evaluate(node.left, scope), evaluate(node.right, scope))
    case 'LogicalExpression':
      return evaluateLogical(node.operator, node.left, node.right, scope)
    case 'ConditionalExpression':
      return evaluate(evaluate(node.test, scope) ? node.consequent : node.alternate, scope)
    case 'ArrayExpression':
      return node.elements.map((element) => (element === null ? null : toJsonMember(evaluate(element, scope))))
    case 'ObjectExpression':
      return Object.fromEntries(node.properties.flatMap((property) => evaluateProperty(property, scope)))
    default:
      throw new ExpressionError(node.type)
  }
}

/** A property without a value is left out, as JSON does. */
function evaluateProperty(property: AnyNode, scope: Scope): [string, unknown][] {
  if (property.type !== 'Property') throw new ExpressionError(property.type)
  const value = evaluate(property.value, scope)
  return value === undefined ? [] : [[propertyKey(property.key, property.computed, scope), toJsonMember(value)]]
}

function propertyKey(property: AnyNode, computed: boolean, scope: Scope): string {
  if (!computed && property.type === 'Identifier') return property.name
  if (!computed && property.type === 'Literal') return String(property.value)
  return toText(evaluate(property, scope))
}

/** Own properties only: `constructor`, `__proto__` and their like do not exist here. */
function readProperty(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    if (key === 'length') return value.length
    return /^\d+$/.test(key) ? value[Number(key)] : undefined
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return Reflect.get(value, key)
}

function evaluateLogical(operator: string, left: AnyNode, right: AnyNode, scope: Scope): unknown {
  const value = evaluate(left, scope)
  if (operator === '??') return value ?? evaluate(right, scope)
  if (operator === '||') return value || evaluate(right, scope)
  return value && evaluate(right, scope)
}

function applyUnary(operator: string, value: unknown): unknown {
  if (operator === '!') return !value
  if (operator === 'typeof') return typeof value
  return operator === '-' ? -toNumber(value) : toNumber(value)
}

function applyBinary(operator: string, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '===':
      return left === right
    case '!==':
      return left !== right
    case '==':
      return looselyEqual(left, right)
    case '!=':
      return !looselyEqual(left, right)
    case '+':
      return typeof left === 'string' || typeof right === 'string'
        ? concatenate(toText(left), toText(right))
        : toNumber(left) + toNumber(right)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(operator, left, right)
    default:
      return calculate(operator, toNumber(left), toNumber(right))
  }
}

function calculate(operator: string, left: number, right: number): number {
  if (operator === '-') return left - right
  if (operator === '*') return left * right
  if (operator === '/') return left / right
  return operator === '%' ? left % right : left ** right
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  const texts = typeof left === 'string' && typeof right === 'string'
  const [a, b] = texts ? [left, right] : [toNumber(left), toNumber(right)]
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

/** `==` without JavaScript's conversions of objects: those would call the host's `toString`. */
function looselyEqual(left: unknown, right: unknown): boolean {
  if (isMissing(left) || isMissing(right)) return isMissing(left) && isMissing(right)
  if (typeof left === typeof right || typeof left === 'object' || typeof right === 'object') return left === right
  return Number(left) === Number(right)
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function toNumber(value: unknown): number {
  if (typeof value === 'object' && value !== null) throw new ExpressionError('an object is not a number')
  return Number(value)
}

/** How a value reads inside text: objects as JSON, what is missing as nothing. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (isMissing(value)) return ''
  return JSON.stringify(value)
}

/** @throws ExpressionError when the text grows past what an output may hold */
export function concatenate(left: string, right: string): string {
  if (left.length + right.length > MAX_STRING_LENGTH) throw new ExpressionError('the text grows too large')
  return left + right
}
