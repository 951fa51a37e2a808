import { setTimeout as sleep } from 'node:timers/promises'
import { Athena } from '@aws-sdk/client-athena'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { openLoadsOf } from '../../../src/maintenance/open-loads.ts'
import { createMortalWorker } from '../../support/mortal-worker.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'
import { everythingOf, sweepLater } from '../../support/sweeping.ts'

const worker = createMortalWorker()
let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine(worker.wrap)
})
afterAll(() => world.stop())

function modelOf(name: string, more: object): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    primaryKey: ['id'],
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'Name', type: 'string' },
    ],
    ...more,
  })
}

async function rowsOf({ tableName }: Model) {
  return world.customer.sql(`SELECT name FROM "${world.schema}"."${tableName}"`)
}

/** Everything but what a destination has when all is well: the folders of models' tables, records, manifests. */
async function leftovers(): Promise<readonly string[]> {
  const { TableList = [] } = await world.customer.glue.getTables({ DatabaseName: world.schema })
  const models = TableList.filter(({ Name = '' }) => !Name.startsWith('_'))
  const folders = models.map(({ StorageDescriptor }) => StorageDescriptor?.Location?.split('/').at(-1))
  const kept = new RegExp(
    `^(table |${world.schema}/((${folders.join('|')})/|_tables/|_manifests/)|acme_results/mine/)`,
  )
  const all = await everythingOf(world)
  return all.filter(name => !kept.test(name) || /^table _/.test(name))
}

it.each([
  ['a load by MERGE', { writeMode: 'merge' }],
  ['a load by swap', { writeMode: 'overwrite', swapAtBytes: 0 }],
] as const)(
  'what %s leaves is untouched while its journal is open, and gone two sweeps after Redis is lost, wherever the worker died',
  async (_, more) => {
    const model = modelOf(`swept_${more.writeMode}`, more)
    await world.writeSource(model, ['{"id": 1, "Name": "first"}'])
    await world.transfer(model)
    const leftBehind = new Set<string>()
    let deaths = 0
    while (await diesAfter(model, deaths + 1)) {
      for (const name of await leftovers()) leftBehind.add(kindOf(name))
      const { entry } = await worker.journal.read({ destination: 'acme', table: model.tableName })
      if (entry && entry.position.state !== 'cleaned') {
        const made = await everythingOf(world)
        const ours = made.filter(name => name.includes(entry.transferId) || name.includes(entry.attempt))
        await sweepLater(world, { days: 2, open: openLoadsOf([entry]) })
        expect(await everythingOf(world)).toEqual(expect.arrayContaining([...ours]))
      }
      worker.loseJournal()
      await sweepLater(world, { days: 4 })
      await sweepLater(world, { days: 6 })
      expect(await leftovers(), `after change ${deaths}`).toEqual([])
      await world.transfer(model)
      expect(await rowsOf(model)).toEqual([[`row ${++deaths}`]])
    }

    expect(deaths).toBeGreaterThan(8)
    expect([...leftBehind].toSorted()).toEqual(expectedKinds(more.writeMode))
  },
  600_000,
)

/** Transfers a new row by a worker that dies after its n-th change; false when it lived. */
async function diesAfter(model: Model, n: number): Promise<boolean> {
  await world.writeSource(model, [JSON.stringify({ id: 1, Name: `row ${n}` })])
  const attempt = worker.dieAfter(n)
  await world.transfer(model).catch(() => {})
  const hasDied = attempt.end()
  await untilNothingRuns()
  return hasDied
}

function expectedKinds(writeMode: 'merge' | 'overwrite'): readonly string[] {
  return writeMode === 'merge'
    ? ['results', 'staged files', 'staging table']
    : ['note', 'old folder', 'results', 'shadow table', 'staged files', 'staging table']
}

function kindOf(name: string): string {
  if (name.startsWith('table _transfer_staging')) return 'staging table'
  if (name.startsWith('table _transfer_shadow')) return 'shadow table'
  if (name.includes('/athena_output/')) return 'results'
  if (name.includes('/staging/')) return 'staged files'
  return name.includes('/_swaps/') ? 'note' : 'old folder'
}

/** Waits for the dead worker's statement: after a day, none runs. */
async function untilNothingRuns(): Promise<void> {
  const { url: endpoint, region, ...credentials } = world.reader
  const athena = new Athena({ endpoint, region, credentials })
  for (;;) {
    const { QueryExecution } = await athena.getQueryExecution({ QueryExecutionId: worker.lastQuery() })
    if (!['QUEUED', 'RUNNING'].includes(QueryExecution?.Status?.State ?? '')) return
    await sleep(20)
  }
}
