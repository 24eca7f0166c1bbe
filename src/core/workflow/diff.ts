import { normalize } from '#core/workflow-file/normalize'
import type { FileNode } from '#core/workflow-file/file'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'
import type { Definition } from './graph.ts'
import { toPointer } from '#core/input/json-pointer'
import type { DefinitionDiff } from './version.ts'

type Change = DefinitionDiff['settings'][number]

/** What is different, node by node and path by path. Nodes that merely stand elsewhere are told apart. */
export function diffDefinitions(older: Definition, newer: Definition): DefinitionDiff {
  const a = normalize(older)
  const b = normalize(newer)
  const nodes = match(a.nodes, b.nodes, ({ id }) => id)
  const edges = match(a.edges, b.edges, ({ path }) => path)
  const diff = {
    nodes: {
      added: nodes.added.map(toName),
      removed: nodes.removed.map(toName),
      changed: nodes.kept.flatMap(([old, now]) => {
        const changes = diffJson(comparable(old), comparable(now))
        return changes.length === 0 ? [] : [{ ...toName(now), changes }]
      }),
    },
    edges: {
      added: edges.added.map(({ path }) => path),
      removed: edges.removed.map(({ path }) => path),
      changed: edges.kept.flatMap(([old, now]) => {
        const changes = diffJson(old.ui, now.ui, ['ui'])
        return changes.length === 0 ? [] : [{ path: now.path, changes }]
      }),
    },
    settings: diffJson(a.settings ?? {}, b.settings ?? {}),
    other: [
      ...diffJson(a.ui ?? {}, b.ui ?? {}),
      ...diffOrder('nodes', nodes.kept, ({ id }) => id),
      ...diffOrder('edges', edges.kept, ({ path }) => path),
    ],
    moved: nodes.kept.flatMap(([old, now]) => {
      const points = { old: old.position ?? null, new: now.position ?? null }
      return JSON.stringify(points.old) === JSON.stringify(points.new) ? [] : [{ id: now.id, ...points }]
    }),
  }
  return { identical: isEmpty(diff), ...diff }
}

function isEmpty(diff: Omit<DefinitionDiff, 'identical'>): boolean {
  const lists: readonly (readonly unknown[])[] = [
    ...Object.values(diff.nodes),
    ...Object.values(diff.edges),
    diff.settings,
    diff.other,
    diff.moved,
  ]
  return lists.every((list) => list.length === 0)
}

interface Matched<Item> {
  readonly added: readonly Item[]
  readonly removed: readonly Item[]
  /** In the newer one's order, each with its place in the older one. */
  readonly kept: readonly (readonly [old: Item, now: Item, place: number])[]
}

/** Pairs what has the same key; of several with one key the first goes with the first. */
function match<Item>(older: readonly Item[], newer: readonly Item[], keyOf: (item: Item) => string): Matched<Item> {
  const waiting = Map.groupBy([...older.entries()].toReversed(), ([, item]) => keyOf(item))
  const added: Item[] = []
  const kept: [Item, Item, number][] = []
  for (const item of newer) {
    const found = waiting.get(keyOf(item))?.pop()
    if (found === undefined) added.push(item)
    else kept.push([found[1], item, found[0]])
  }
  const removed = [...waiting.values()].flat().toSorted(([a], [b]) => a - b)
  return { added, removed: removed.map(([, item]) => item), kept }
}

/** The order of nodes and edges can matter: the first of several waiting joins fires, lists are merged in it. */
function diffOrder<Item>(what: string, kept: Matched<Item>['kept'], keyOf: (item: Item) => string): Change[] {
  if (kept.every(([, , place], index) => index === 0 || place > (kept[index - 1]?.[2] ?? -1))) return []
  const before = kept.toSorted(([, , a], [, , b]) => a - b).map(([old]) => keyOf(old))
  return [{ path: `/${what}`, old: before, new: kept.map(([, now]) => keyOf(now)) }]
}

function toName({ id, type, label }: FileNode) {
  return { id, type, ...(label === undefined ? {} : { label }) }
}

/** What was matched by, or is told apart, is left out. */
function comparable(node: FileNode): JsonObject {
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]): [string, Json][] =>
      value === undefined || key === 'id' || key === 'position' ? [] : [[key, value]],
    ),
  )
}

/** Member by member, item by item; a value of another kind is one change. The order of an object's keys is none. */
function diffJson(old: Json | undefined, now: Json | undefined, path: readonly PropertyKey[] = []): Change[] {
  if (isJsonObject(old) && isJsonObject(now)) {
    const keys = new Set([...Object.keys(old), ...Object.keys(now)])
    return [...keys].flatMap((key) => diffJson(own(old, key), own(now, key), [...path, key]))
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length)
    return Array.from({ length }, (_, index) => diffJson(old[index], now[index], [...path, index])).flat()
  }
  if (old === now) return []
  return [
    {
      path: toPointer(path),
      ...(old === undefined ? {} : { old }),
      ...(now === undefined ? {} : { new: now }),
    },
  ]
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
