/** How a node type wants the fields of its config to be read, where they are not templates like any other. */
import { z } from 'zod'
import { AnyJson } from '#core/json'
import type { Json } from '#lib/json'

/** The patterns of fields: their keys joined by dots, `*` for the index of a list. */
export interface FieldKinds {
  /** One expression each, also without the braces; these must be there. */
  readonly expressions?: readonly string[]
  /** Evaluated for each of the config's `items` (by default the input): an expression, or the path of a property. */
  readonly perItem?: readonly string[]
  /** Always text, also where the template is one single expression. */
  readonly texts?: readonly string[]
  /** The body of a function, run in the sandbox; no template. The field's value is what it returns. */
  readonly bodies?: readonly string[]
  /** Top-level fields that may hold `$secrets.NAME`: they go out through `fetch` and nowhere else. */
  readonly secrets?: readonly string[]
}

export type ConfigPath = readonly (string | number)[]

/** The field that every type with `perItem` has. */
const ITEMS = 'items'

export function isPerItem(kinds: FieldKinds, path: ConfigPath): boolean {
  return kinds.perItem?.includes(toPattern(path)) ?? false
}

export function isBody(kinds: FieldKinds, path: ConfigPath): boolean {
  return kinds.bodies?.includes(toPattern(path)) ?? false
}

export function isText(kinds: FieldKinds, path: ConfigPath): boolean {
  return kinds.texts?.includes(toPattern(path)) ?? false
}

/** Whether a field is an expression also without braces. */
export function isBare(kinds: FieldKinds, path: ConfigPath): boolean {
  return bareFields(kinds).includes(toPattern(path))
}

/** The fields that are expressions also without braces, for editors. */
export function bareFields(kinds: FieldKinds): string[] {
  const items = takesItems(kinds) ? [ITEMS] : []
  return [...new Set([...(kinds.expressions ?? []), ...items, ...(kinds.perItem ?? [])])]
}

export function takesItems({ perItem }: FieldKinds): boolean {
  return perItem !== undefined
}

/** A path as node types name their fields: any index of a list is `*`. */
export function toPattern(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.')
}

const PROPERTY_PATH = /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_-]+)*$/u
const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'undefined'])

/** The expression that reads a property of an item: `customer.name`; undefined for any other text. */
export function pathExpression(text: string): string | undefined {
  const path = text.trim()
  if (!PROPERTY_PATH.test(path) || LITERALS.has(path)) return undefined
  return `$item${path
    .split('.')
    .map((key) => `[${JSON.stringify(key)}]`)
    .join('')}`
}

/** What a field that is evaluated per item has become: its text, and its values in the order of the items. */
const PerItem = z.object({ text: z.string(), values: z.array(AnyJson) })
export type PerItem = z.infer<typeof PerItem>

/** The schema of such a field: undefined without it, and before a run. */
export const perItemField = AnyJson.optional().transform((value): PerItem | undefined => PerItem.safeParse(value).data)

/** The schema of `items`: in a run the engine has seen to it that it is a list. */
export const itemsField = AnyJson.optional().transform((value): readonly Json[] => (Array.isArray(value) ? value : []))
