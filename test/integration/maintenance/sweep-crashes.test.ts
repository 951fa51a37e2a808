import { setTimeout as sleep } from 'node:timers/promises'
import { Athena } from '@aws-sdk/client-athena'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { openLoadsOf } from '../../../src/maintenance/open-loads.ts'
import { createMemoryJournal, type JournalStore } from '../../../src/transfer/journal.ts'
import type { DestinationClients } from '../../../src/transfer/ports.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'
import { everythingOf, sweepLater } from '../../support/sweeping.ts'

let journal: JournalStore = createMemoryJournal()
let lastStarted: string | undefined
let onCall: (name: string, call: () => Promise<unknown>) => Promise<unknown> = (_, call) => call()
let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine(deps => ({
    ...deps,
    connect: async destination => watched(await deps.connect(destination)),
    states: watchedPort(deps.states),
    journal: watchedPort({
      read: table => journal.read(table),
      replace: (...args) => journal.replace(...args),
      renew: (...args) => journal.renew(...args),
    }),
  }))
})
afterAll(() => world.stop())

function watched(clients: DestinationClients): DestinationClients {
  const { s3, glue } = clients
  const athena: DestinationClients['athena'] = watchedPort(clients.athena)
  const startQueryExecution: typeof athena.startQueryExecution = (...args) =>
    onCall('startQueryExecution', async () => {
      const started = await clients.athena.startQueryExecution(...args)
      lastStarted = started.QueryExecutionId
      return started
    }).then(answer => answerSchema.parse(answer))
  return {
    ...clients,
    s3: watchedPort(s3),
    glue: watchedPort(glue),
    athena: new Proxy(athena, {
      get: (target, name) =>
        name === 'startQueryExecution' ? startQueryExecution : Reflect.get(target, name),
    }),
  }
}

const answerSchema = z.looseObject({ QueryExecutionId: z.string() })

function watchedPort<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => onCall(String(name), async () => Reflect.apply(method, target, args))
    },
  })
}

const CHANGES = new Set([
  'putObject',
  'deleteObject',
  'createTable',
  'updateTable',
  'deleteTable',
  'startQueryExecution',
  'replace',
  'write',
])

/** Lets the worker die before the n-th change, or after its effect: every later call fails. */
function dieAt(n: number, when: 'before' | 'after') {
  let changes = 0
  let died = false
  const die = (): never => {
    died = true
    throw new Error('the worker is dead')
  }
  onCall = async (name, call) => {
    if (died) return die()
    if (!CHANGES.has(name) || ++changes !== n) return call()
    if (when === 'after') await call()
    return die()
  }
  return { hasDied: () => died, end: () => (onCall = (_, call) => call()) }
}

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

/** Everything but what a destination has when all is well: the folder of the model's table, its record, its manifests. */
async function leftovers({ tableName }: Model): Promise<readonly string[]> {
  const { Table } = await world.customer.glue.getTable({ DatabaseName: world.schema, Name: tableName })
  const folder = Table?.StorageDescriptor?.Location?.split('/').at(-1) ?? ''
  const kept = new RegExp(`^(table |${world.schema}/(${folder}/|_tables/|_manifests/)|acme_results/mine/)`)
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
    for (let n = 1; ; n++) {
      for (const when of ['before', 'after'] as const) {
        await world.writeSource(model, [JSON.stringify({ id: 1, Name: `${when} ${n}` })])
        const worker = dieAt(n, when)
        const transferId = newTransferId()
        await world.transfer(model, { transferId }).catch(() => {})
        worker.end()
        if (!worker.hasDied()) {
          expect(n).toBeGreaterThan(8)
          expect([...leftBehind].toSorted()).toEqual(expect.arrayContaining(expectedKinds(more.writeMode)))
          return
        }
        await untilNothingRuns()
        const { entry } = await journal.read({ destination: 'acme', table: model.tableName })
        const before = await everythingOf(world)
        for (const name of await leftovers(model)) leftBehind.add(kindOf(name))
        if (entry && entry.position.state !== 'cleaned' && entry.transferId === transferId) {
          const ours = before.filter(name => name.includes(transferId) || name.includes(entry.attempt))
          await sweepLater(world, { days: 2, open: openLoadsOf([entry]) })
          expect(await everythingOf(world)).toEqual(expect.arrayContaining(ours))
        }
        journal = createMemoryJournal()
        await sweepLater(world, { days: 4 })
        await sweepLater(world, { days: 6 })
        expect(await leftovers(model), `${when} change ${n}`).toEqual([])
        await world.transfer(model)
        expect(await rowsOf(model)).toEqual([[`${when} ${n}`]])
      }
    }
  },
  600_000,
)

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
    const { QueryExecution } = await athena.getQueryExecution({ QueryExecutionId: lastStarted })
    if (!['QUEUED', 'RUNNING'].includes(QueryExecution?.Status?.State ?? '')) return
    await sleep(20)
  }
}
