import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import type { TransferDeps } from '../../../src/transfer/ports.ts'
import { settleLoad } from '../../../src/transfer/settle-load.ts'
import type { PermissionPolicy } from '../../support/customer.ts'
import { createMortalWorker } from '../../support/mortal-worker.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

function modelOf(name: string): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    primaryKey: ['id'],
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'Name', type: 'string' },
    ],
  })
}

function withStop(policy: PermissionPolicy): PermissionPolicy {
  const grant = (action: readonly string[]) => [...action, 'athena:StopQueryExecution']
  return {
    ...policy,
    Statement: policy.Statement.map(one =>
      one.Sid === 'AllowAthenaAccess' ? { ...one, Action: grant(one.Action) } : one,
    ),
  }
}

describe.each([
  ['without StopQueryExecution', {}],
  ['with StopQueryExecution', { editPolicy: withStop }],
] as const)('%s', (grant, options) => {
  const worker = createMortalWorker()
  let world: StraightLine
  beforeAll(async () => {
    world = await startStraightLine(worker.wrap, options)
  })
  afterAll(() => world.stop())

  async function write(model: Model, name: string): Promise<void> {
    await world.writeSource(model, [JSON.stringify({ id: 1, Name: name })])
  }

  async function nameIn({ tableName }: Model): Promise<string | null | undefined> {
    const rows = await world.customer.sql(`SELECT name FROM "${world.schema}"."${tableName}"`)
    return rows[0]?.[0]
  }

  async function stateOf(model: Model): Promise<string | undefined> {
    const { entry } = await worker.journal.read({ destination: 'acme', table: model.tableName })
    return entry?.position.state
  }

  function settle({ tableName }: Model, signal = AbortSignal.timeout(60_000)) {
    return settleLoad(worker.others(), { destination: world.destination, table: tableName }, signal)
  }

  async function leftovers(): Promise<readonly string[]> {
    const { TableList = [] } = await world.customer.glue.getTables({ DatabaseName: world.schema })
    const tables = TableList.map(({ Name = '' }) => Name).filter(name => name.startsWith('_transfer_staging'))
    return [...tables, ...(await world.stagedKeys())]
  }

  it('a load that was cancelled after any change is loaded or given up, whole, and leaves nothing', async () => {
    const model = modelOf('cancelled')
    await write(model, 'row 0')
    await world.transfer(model)
    await world.setFault({ name: 'athena.query.slow', match: 'MERGE', delayMs: 300, times: 1000 })
    const ends = new Set<string>()
    let before = 'row 0'
    for (let n = 1; ; n++) {
      await write(model, `row ${n}`)
      const controller = new AbortController()
      const attempt = worker.actAfter(n, () => controller.abort('cancelled'))
      const ending = world.transfer(model, { signal: controller.signal }).then(
        () => 'loaded',
        (thrown: unknown) => String(Reflect.get(Object(thrown), 'code')),
      )
      const ended = await ending
      if (!attempt.end()) break
      const settlement = await settle(model)
      const isLoaded = ended === 'loaded' || settlement === 'loaded'
      ends.add(ended)

      expect(await nameIn(model), `after change ${n}: ${ended}, ${settlement}`).toBe(
        isLoaded ? `row ${n}` : before,
      )
      expect(await stateOf(model)).toBe('cleaned')
      expect(await leftovers(), `after change ${n}: ${ended}, ${settlement}`).toEqual([])
      if (isLoaded) before = `row ${n}`
    }

    expect(ends).toEqual(new Set(['CANCELLED', 'loaded']))
  }, 300_000)

  if (grant === 'without StopQueryExecution') {
    it('a load whose worker died after any change is settled by another worker, by the journal alone', async () => {
      const model = modelOf('died')
      await write(model, 'row 0')
      await world.transfer(model)
      const ends = new Set<string>()
      let before = 'row 0'
      for (let n = 1; ; n++) {
        await write(model, `row ${n}`)
        const attempt = worker.dieAfter(n)
        await world.transfer(model).catch(() => {})
        if (!attempt.end()) break
        const state = await stateOf(model)
        const settlement = await settle(model)
        if (settlement !== 'nothing to do') ends.add(`${state}: ${settlement}`)
        const isLoaded = settlement === 'loaded' || state === 'cleaned'

        expect(await nameIn(model), `after change ${n}: ${state}, ${settlement}`).toBe(
          isLoaded ? `row ${n}` : before,
        )
        expect(await stateOf(model)).toBe('cleaned')
        expect(await leftovers(), `after change ${n}: ${state}, ${settlement}`).toEqual([])
        expect(await settle(model)).toBe('nothing to do')
        if (isLoaded) before = `row ${n}`
      }

      expect([...ends].toSorted()).toEqual([
        'loaded: loaded',
        'loading: loaded',
        'planned: given up',
        'staged: given up',
      ])
    }, 300_000)

    it('whoever comes to settle a load after another transfer has ended it does nothing, and what that one did stays known', async () => {
      const model = modelOf('late')
      await write(model, 'row')
      const attempt = worker.dieAfter(1)
      await world.transfer(model).catch(() => {})
      attempt.end()
      const left = await stateOf(model)
      const table = { destination: 'acme', table: model.tableName }
      const deps: TransferDeps = {
        ...worker.others(),
        connect: async destination => {
          await world.transfer(model)
          return worker.others().connect(destination)
        },
      }
      const settlement = await settleLoad(
        deps,
        { ...table, destination: world.destination },
        AbortSignal.timeout(60_000),
      )
      const { entry } = await worker.journal.read(table)

      expect(left).toBe('planned')
      expect(settlement).toBe('nothing to do')
      expect(entry?.position).toMatchObject({ state: 'cleaned', outcome: { rowCount: 1 } })
    })

    it('a statement that outlives its cancelled load keeps all that it reads, and is settled once it has ended', async () => {
      const model = modelOf('outlived')
      await write(model, 'old')
      await world.transfer(model)
      await write(model, 'new')
      await world.setFault({ name: 'athena.query.slow', match: 'outlived', delayMs: 14_000, times: 1 })
      const controller = new AbortController()
      const isStarted = () => worker.lastQuery()
      const last = isStarted()
      const ending = world.transfer(model, { signal: controller.signal })
      const aborting = setInterval(() => isStarted() !== last && controller.abort('cancelled'), 50)
      await expect(ending).rejects.toMatchObject({ code: 'CANCELLED' })
      clearInterval(aborting)
      const kept = await leftovers()
      const state = await stateOf(model)
      const settlement = await settle(model)

      expect(state).toBe('loading')
      expect(kept.filter(name => name.endsWith('.parquet') && name.includes('/outlived/'))).toHaveLength(1)
      expect(kept.filter(name => name.startsWith('_transfer_staging'))).toHaveLength(1)
      expect(settlement).toBe('loaded')
      expect(await nameIn(model)).toBe('new')
      expect((await leftovers()).filter(name => name.includes('outlived'))).toEqual([])
    }, 60_000)
  }
})
