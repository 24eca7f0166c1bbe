/** An edge as a line: `source -> target`, `source:handle -> target:handle`; odd names in JSON's quotes. */

export interface EdgeEnds {
  readonly source: string
  readonly sourceHandle: string
  readonly target: string
  readonly targetHandle: string
}

const PLAIN = /^[\p{L}\p{N}_.@/-]+$/u
const NAME = String.raw`("(?:[^"\\]|\\.)*"|[^\s":]+)`
const PATH = new RegExp(`^${NAME}(?::${NAME})?\\s+->\\s+${NAME}(?::${NAME})?$`, 'su')

export function writeEdgePath({ source, sourceHandle, target, targetHandle }: EdgeEnds): string {
  const from = sourceHandle === 'out' ? '' : `:${quoted(sourceHandle)}`
  const to = targetHandle === 'in' ? '' : `:${quoted(targetHandle)}`
  return `${quoted(source)}${from} -> ${quoted(target)}${to}`
}

/** The ends that a line names, or undefined for one that is none. */
export function readEdgePath(path: string): EdgeEnds | undefined {
  const [matched, source, sourceHandle, target, targetHandle] = PATH.exec(path.trim()) ?? []
  if (matched === undefined || source === undefined || target === undefined) return undefined
  try {
    return {
      source: unquoted(source),
      sourceHandle: unquoted(sourceHandle ?? 'out'),
      target: unquoted(target),
      targetHandle: unquoted(targetHandle ?? 'in'),
    }
  } catch {
    return undefined
  }
}

function quoted(name: string): string {
  return PLAIN.test(name) ? name : JSON.stringify(name)
}

function unquoted(name: string): string {
  return name.startsWith('"') ? String(JSON.parse(name)) : name
}
