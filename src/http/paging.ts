import { z } from '@hono/zod-openapi'

/** Far beyond what anyone turns; it keeps the offset a number that PostgreSQL takes. */
const MAX_PAGE = 1_000_000

/** The query of every list; a noun extends it with its filters. */
export const Paging = z.object({
  page: z.coerce.number().int().min(1).max(MAX_PAGE).default(1),
  size: z.coerce.number().int().min(1).max(100).default(20),
})
export type Paging = z.infer<typeof Paging>

/** The answer of every list. Give the result a name with `.meta({ id: 'WorkflowPage' })`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    total: z.int().meta({ description: 'How many there are on all pages.' }),
    page: z.int(),
    size: z.int(),
    pages: z.int().meta({ description: 'How many pages there are; 0 when there is nothing.' }),
  })
}

/**
 * The path of one thing by its id; anything that is no UUID is a 422 and never reaches the database. In small letters,
 * since an actor's name is its id letter by letter.
 */
export const ById = z.object({ id: z.uuid().toLowerCase() })
