/**
 * Rewrites the paths of an expression that leaves the total subset, so that there too a missing property along a path
 * is `undefined`: `$input.a.b.trim()` becomes `$input?.a?.b?.trim()`. A method that does not exist still fails, and
 * where the language has no optional chain (assignments, `new`, tagged templates) the path stays as it is.
 */
import type { AnyNode } from 'acorn'
import { childrenOf } from './names.ts'

type Member = AnyNode & { readonly type: 'MemberExpression' }

/** The text from `tree.start` to `tree.end` of `text`, with optional paths. */
export function withOptionalPaths(text: string, tree: AnyNode): string {
  const cuts: { readonly start: number; readonly end: number; readonly put: string }[] = []
  collect(tree, false)
  let result = ''
  let from = tree.start
  for (const { start, end, put } of cuts.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + put
    from = end
  }
  return result + text.slice(from, tree.end)

  /** `isPlain`: this chain stands where an optional one is no JavaScript. */
  function collect(node: AnyNode, isPlain: boolean): void {
    if (node.type === 'MemberExpression' && !isPlain && !node.optional && node.object.type !== 'Super') {
      // Only space, comments and the dot or bracket lie between the two.
      cuts.push({ start: node.object.end, end: node.property.start, put: node.computed ? '?.[' : '?.' })
    }
    for (const child of childrenOf(node)) collect(child, isPlainWithin(node, child, isPlain))
  }
}

function isPlainWithin(node: AnyNode, child: AnyNode, isPlain: boolean): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return isPlain && isChain(child, node)
    case 'CallExpression':
      return isPlain && child === node.callee
    case 'ParenthesizedExpression':
      return isPlain
    case 'NewExpression':
      return child === node.callee
    case 'TaggedTemplateExpression':
      return child === node.tag
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'AssignmentPattern':
      return child === node.left
    case 'UpdateExpression':
    case 'RestElement':
    case 'ArrayPattern':
    case 'ObjectPattern':
      return true
    // Within a pattern the value is a target; what is computed for its key, or in an object literal, is not.
    case 'Property':
      return isPlain && child === node.value
    default:
      return false
  }
}

function isChain(child: AnyNode, node: Member): boolean {
  return child === node.object
}
