import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { removeEmptyActors } from '#local/empty-actors'

function directoryOf(name: string): string {
  const directory = join(mkdtempSync(join(tmpdir(), 'actors-')), 'do', name)
  mkdirSync(directory, { recursive: true })
  return directory
}

/** As an actor leaves it that had tables and gave them back. */
function makeFile(path: string, isEmptied: boolean): void {
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)')
  if (isEmptied) database.exec('DROP TABLE t; VACUUM')
  database.close()
}

it('takes away the files of emptied runs alone', async () => {
  const directory = directoryOf('synapscale-WorkflowRun')
  const [emptied, full, logged] = ['a', 'b', 'c'].map((name) => join(directory, `${name}.sqlite`))
  if (emptied === undefined || full === undefined || logged === undefined) throw new Error('three names')
  makeFile(emptied, true)
  makeFile(full, false)
  makeFile(logged, true)
  writeFileSync(`${logged}-wal`, 'there is more')
  expect(await removeEmptyActors(directory, 5_000)).toBe(1)
  expect([emptied, full, logged].map((path) => existsSync(path))).toEqual([false, true, true])
})

it('leaves other actors’ files, and stops when its time is over', async () => {
  const hub = join(directoryOf('synapscale-WorkspaceHub'), 'a.sqlite')
  makeFile(hub, true)
  expect(await removeEmptyActors(join(hub, '../..'), 5_000)).toBe(0)
  const run = join(directoryOf('synapscale-WorkflowRun'), 'a.sqlite')
  makeFile(run, true)
  expect(await removeEmptyActors(join(run, '..'), 0)).toBe(0)
  expect(existsSync(run)).toBe(true)
})

it('has nothing to do on the first start', async () => {
  expect(await removeEmptyActors(join(tmpdir(), 'there-is-no-such-directory'), 5_000)).toBe(0)
})
