/** YAML 1.2 as our files use it. What comes in is anybody's: nothing here may take longer than its length explains. */
import { Composer, Document, isAlias, isMap, isScalar, isSeq, type LineCounter, Parser, visit } from 'yaml'
import { JsonTooLarge, type Json, measureJson } from '#lib/json'
import { err, ok, type Result } from '#lib/result'

/** Anchors save a few lines by hand; more of them are no file of people. */
const MAX_ALIASES = 100
const MAX_DOCUMENTS = 500
/** What aliases may make of a text. */
const MAX_BYTES = 8 * 1024 * 1024
const MAX_DEPTH = 64

/** A problem of the text itself. */
export interface YamlProblem {
  /** From 1. */
  readonly line: number
  readonly detail: string
}

export type YamlDocument = Document.Parsed

/** Plain, or in double quotes: characters that a block would lose or nobody would see. */
// oxlint-disable-next-line no-control-regex -- these are meant
const NOT_FOR_BLOCKS =
  /[^\n\t\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{10ffff}]|[\u2028\u2029]|\t\n|^\s|\n\t/u

/** A value as YAML: texts of several lines as blocks, positions in one line, a line between two nodes. */
export function writeYaml(value: unknown): string {
  // Quoted also what only YAML 1.1 would take for something else: other tools read our files too.
  const document = new Document(value, { aliasDuplicateObjects: false, version: '1.2', compat: 'yaml-1.1' })
  const nodes = document.get('nodes', true)
  if (isSeq(nodes)) {
    for (const [index, node] of nodes.items.entries()) {
      if (!isMap(node)) continue
      node.spaceBefore = index > 0
      const position = node.get('position', true)
      if (isSeq(position)) position.flow = true
    }
  }
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === 'string' && NOT_FOR_BLOCKS.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({
    lineWidth: 0,
    blockQuote: 'literal',
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  })
}

/**
 * The documents of a text; JSON is YAML too.
 *
 * @param lines learns where lines begin, for `offset`s of nodes
 */
export function readYaml(
  text: string,
  lines?: LineCounter,
): Result<readonly { readonly document: YamlDocument; readonly value: Json }[], YamlProblem> {
  const starts: number[] = []
  const addLine = (offset: number): void => {
    starts.push(offset)
    lines?.addNewLine(offset)
  }
  const problemAt = (offset: number, detail: string) => err({ line: lineOf(starts, offset), detail })
  try {
    const documents = compose(text, addLine)
    if (!documents.ok) return problemAt(documents.error.offset, documents.error.detail)
    const read: { document: YamlDocument; value: Json }[] = []
    for (const document of documents.value) {
      const odd = findOddity(document)
      if (odd !== undefined) return problemAt(odd.offset, odd.detail)
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      measureJson(value, MAX_BYTES, MAX_DEPTH)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without tags, YAML's core schema gives JSON
      read.push({ document, value: value as Json })
    }
    return ok(read)
  } catch (error) {
    // The reader is recursive, and says what is wrong with aliases by throwing.
    if (error instanceof RangeError) return problemAt(0, `deeper than ${MAX_DEPTH} levels`)
    if (error instanceof JsonTooLarge) {
      return problemAt(0, error.exceeded === 'depth' ? `deeper than ${MAX_DEPTH} levels` : 'too large')
    }
    if (error instanceof ReferenceError) return problemAt(0, error.message)
    throw error
  }
}

interface Flaw {
  readonly offset: number
  readonly detail: string
}

/** Piece by piece, so that the first flaw ends it: a text of nothing but flaws would take seconds. */
function compose(text: string, addLine: (offset: number) => void): Result<YamlDocument[], Flaw> {
  const parser = new Parser(addLine)
  // The check of keys is quadratic; `findOddity` does it.
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, logLevel: 'silent' })
  const documents: YamlDocument[] = []
  const add = (document: YamlDocument): Flaw | undefined => {
    documents.push(document)
    const [flaw] = [...document.errors, ...document.warnings]
    if (flaw !== undefined) return { offset: flaw.pos[0], detail: flaw.message }
    return documents.length > MAX_DOCUMENTS ? { offset: document.range[0], detail: 'too many documents' } : undefined
  }
  for (const token of parser.parse(text)) {
    if (token.type === 'error') return err({ offset: token.offset, detail: token.message })
    for (const document of composer.next(token)) {
      const flaw = add(document)
      if (flaw !== undefined) return err(flaw)
    }
  }
  for (const document of composer.end()) {
    const flaw = add(document)
    if (flaw !== undefined) return err(flaw)
  }
  return ok(documents)
}

/** What YAML allows and a file of ours does not: keys twice, heaps of aliases, numbers that JSON has not. */
function findOddity(document: YamlDocument): Flaw | undefined {
  let aliases = 0
  let flaw: Flaw | undefined
  const found = (node: { readonly range?: readonly [number, number, number] | null }, detail: string): symbol => {
    flaw = { offset: node.range?.[0] ?? 0, detail }
    return visit.BREAK
  }
  visit(document, {
    Alias: (_, alias) => (++aliases > MAX_ALIASES ? found(alias, 'too many aliases') : undefined),
    Scalar: (_, scalar) =>
      typeof scalar.value === 'number' && !Number.isFinite(scalar.value)
        ? found(scalar, `${scalar.source ?? 'this'} is no number that JSON has`)
        : undefined,
    Map(_, map) {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        if (isAlias(key)) return found(key, 'a key cannot be an alias')
        const name = isScalar(key) ? key.value : key
        if (isScalar(key) && keys.has(name)) return found(key, `the key ${JSON.stringify(name)} stands here twice`)
        keys.add(name)
      }
      return undefined
    },
  })
  return flaw
}

/** The line, from 1, of an offset among the offsets at which lines begin. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(1, low)
}
