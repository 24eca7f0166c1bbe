/** Before each file: the first request to a fresh worker takes seconds, and a query would count them against PostgreSQL. */
import { exports } from 'cloudflare:workers'
import { beforeAll } from 'vitest'

beforeAll(async () => {
  await exports.default.fetch('http://synapscale.test/')
})
