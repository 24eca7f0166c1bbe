/** Walks a parsed expression. Nothing of the host can be reached, since a path sees own properties only. */
import type { AnyNode } from 'acorn'
import { JsonTooLarge, measureJson } from '#lib/json'
import { isRoot, type Root } from './names.ts'

type ItemRoot = '$item' | '$index'
export type Scope = Readonly<Record<Exclude<Root, ItemRoot>, unknown> & Partial<Record<ItemRoot, unknown>>>

/** Bounds what one text can grow to. */
const MAX_STRING_LENGTH = 1_048_576
/** Bounds the texts that all expressions of one visit make and compare, so that they cannot hold the thread. */
const MAX_CHARS = 8_388_608
/** Parts of expressions that one visit evaluates, each for every item: half a second at most of the same thread. */
const MAX_STEPS = 5_000_000

/** What the expressions of one visit may still use up, all together. */
interface Budget {
  chars: number
  steps: number
}

/** The expressions of one visit: what they may see, and how much they may still do. */
export interface Evaluation {
  readonly scope: Scope
  readonly left: Budget
  /** While something is done for each item: `$item` and `$index`, before those of the scope. */
  readonly each?: { readonly item: unknown; readonly index: number }
}

export function createEvaluation(scope: Scope): Evaluation {
  return { scope, left: { chars: MAX_CHARS, steps: MAX_STEPS } }
}

/** Thrown while an expression is evaluated; `message` says why in a few words. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

/**
 * The expression's value. A missing property along a path is `undefined`, as with `?.`.
 *
 * @throws ExpressionError when a value cannot be reckoned with, e.g. adding an object
 */
export function evaluateExpression(tree: AnyNode, evaluation: Evaluation): unknown {
  const value = evaluate(tree, evaluation)
  return value === undefined ? undefined : toJsonMember(value)
}

/** As JSON has it: `NaN`, infinities and what is missing become null, and there is one zero. */
function toJsonMember(value: unknown): unknown {
  if (value === 0) return 0
  return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value
}

function evaluate(node: AnyNode, evaluation: Evaluation): unknown {
  evaluation.left.steps -= 1
  if (evaluation.left.steps < 0) throw new ExpressionError(TOO_MUCH)
  switch (node.type) {
    case 'Literal':
      return node.value
    case 'Identifier':
      return isRoot(node.name) ? readRoot(node.name, evaluation) : undefined
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return evaluate(node.expression, evaluation)
    case 'MemberExpression':
      return readProperty(evaluate(node.object, evaluation), propertyKey(node.property, node.computed, evaluation))
    case 'TemplateLiteral':
      return node.quasis.reduce((text, quasi, index) => {
        const inner = node.expressions[index]
        return concatenate(
          text + (quasi.value.cooked ?? ''),
          inner === undefined ? '' : toText(evaluate(inner, evaluation), evaluation),
          evaluation,
        )
      }, '')
    case 'UnaryExpression':
      return applyUnary(node.operator, evaluate(node.argument, evaluation))
    case 'BinaryExpression':
      return applyBinary(node.operator, evaluate(node.left, evaluation), evaluate(node.right, evaluation), evaluation)
    case 'LogicalExpression':
      return evaluateLogical(node.operator, node.left, node.right, evaluation)
    case 'ConditionalExpression':
      return evaluate(evaluate(node.test, evaluation) ? node.consequent : node.alternate, evaluation)
    case 'ArrayExpression':
      return node.elements.map((element) => (element === null ? null : toJsonMember(evaluate(element, evaluation))))
    case 'ObjectExpression':
      return Object.fromEntries(node.properties.flatMap((property) => evaluateProperty(property, evaluation)))
    default:
      throw new ExpressionError(node.type)
  }
}

function readRoot(name: Root, { scope, each }: Evaluation): unknown {
  if (each !== undefined && name === '$item') return each.item
  return each !== undefined && name === '$index' ? each.index : scope[name]
}

/** A property without a value is left out, as JSON does. */
function evaluateProperty(property: AnyNode, evaluation: Evaluation): [string, unknown][] {
  if (property.type !== 'Property') throw new ExpressionError(property.type)
  const value = evaluate(property.value, evaluation)
  return value === undefined ? [] : [[propertyKey(property.key, property.computed, evaluation), toJsonMember(value)]]
}

function propertyKey(property: AnyNode, computed: boolean, evaluation: Evaluation): string {
  if (!computed && property.type === 'Identifier') return property.name
  if (!computed && property.type === 'Literal') return String(property.value)
  return toText(evaluate(property, evaluation), evaluation)
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

function evaluateLogical(operator: string, left: AnyNode, right: AnyNode, evaluation: Evaluation): unknown {
  const value = evaluate(left, evaluation)
  if (operator === '??') return value ?? evaluate(right, evaluation)
  if (operator === '||') return value || evaluate(right, evaluation)
  return value && evaluate(right, evaluation)
}

function applyUnary(operator: string, value: unknown): unknown {
  if (operator === '!') return !value
  if (operator === 'typeof') return typeof value
  return operator === '-' ? -toNumber(value) : toNumber(value)
}

function applyBinary(operator: string, left: unknown, right: unknown, evaluation: Evaluation): unknown {
  if (typeof left === 'string' && typeof right === 'string') spend(evaluation, Math.min(left.length, right.length))
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
        ? concatenate(toText(left, evaluation), toText(right, evaluation), evaluation)
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
export function toText(value: unknown, evaluation: Evaluation): string {
  if (typeof value === 'string') return value
  if (isMissing(value)) return ''
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : toJsonText(value, evaluation)
}

/** Measured first: a small list can hold the same large value a thousand times. */
function toJsonText(value: unknown, evaluation: Evaluation): string {
  try {
    spend(evaluation, measureJson(value, MAX_STRING_LENGTH))
  } catch (error) {
    if (error instanceof JsonTooLarge) throw new ExpressionError(TOO_LARGE)
    throw error
  }
  return JSON.stringify(value)
}

/** @throws ExpressionError when the text grows past what an output may hold */
export function concatenate(left: string, right: string, evaluation: Evaluation): string {
  if (left.length + right.length > MAX_STRING_LENGTH) throw new ExpressionError(TOO_LARGE)
  spend(evaluation, right.length)
  return left + right
}

function spend(evaluation: Evaluation, chars: number): void {
  evaluation.left.chars -= chars
  if (evaluation.left.chars < 0) throw new ExpressionError(TOO_LARGE)
}

const TOO_LARGE = 'the text grows too large'
const TOO_MUCH = `more than ${MAX_STEPS} steps`
