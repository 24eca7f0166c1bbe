/** A page of a list, as every list answers. */
export interface Page<Item> {
  readonly items: Item[]
  readonly total: number
  readonly page: number
  readonly size: number
  readonly pages: number
}

/** `page` counts from 1. */
export interface Paging {
  readonly page: number
  readonly size: number
}

export function toPage<Item>(items: Item[], total: number, { page, size }: Paging): Page<Item> {
  return { items, total, page, size, pages: Math.ceil(total / size) }
}
