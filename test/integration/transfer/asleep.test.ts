import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { createMemoryJournal } from '../../../src/transfer/journal.ts'
import { newAttempt, watched } from '../../crashes/attempt.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

let world: StraightLine
let journal = createMemoryJournal()
beforeAll(async () => {
  world = await startStraightLine(deps =>
    watched({
      ...deps,
      journal: {
        isShared: false,
        read: table => journal.read(table),
        replace: (...args) => journal.replace(...args),
        renew: (...args) => journal.renew(...args),
      },
    }),
  )
})
afterAll(() => world.stop())

const list = modelSchema.parse({
  name: 'list',
  source: 'files',
  files: { path: 'list.ndjson' },
  writeMode: 'overwrite',
  primaryKey: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'name', type: 'string' },
  ],
})

const loseRedis = (model: Model): void => {
  world.forget(model)
  journal = createMemoryJournal()
}

/** The calls of a transfer that nothing happens to. */
async function callsOf(model: Model): Promise<readonly string[]> {
  const attempt = newAttempt()
  await attempt.run(() => world.transfer(model))
  return attempt.calls
}

/** A transfer that sleeps before one of its calls, until it is woken up; then it goes on to its end. */
async function fallAsleep(model: Model, call: number) {
  const attempt = newAttempt({ call, end: 'asleep before' })
  const ended = attempt.run(() => world.transfer(model)).catch(() => undefined)
  await attempt.asleep
  const wakeUp = async (): Promise<void> => {
    attempt.wake()
    await ended
  }
  return { calls: attempt.calls, wakeUp }
}

const write = (name: string) => world.writeSource(list, [JSON.stringify({ id: 1, name })])

it('an attempt that wakes up after a later transfer does not make it forgotten: a source that goes back is loaded', async () => {
  await write('zeroth')
  await world.transfer(list)
  await write('first')
  const calls = await callsOf(list)
  await write('second')
  const sleeper = await fallAsleep(list, calls.indexOf('write'))
  await write('third')
  await world.transfer(list)
  await sleeper.wakeUp()
  await write('second')
  const result = await world.transfer(list)

  expect(result.isUnchanged).toBe(false)
  expect(await world.customer.sql(`SELECT name FROM ${world.schema}.list`)).toEqual([['second']])
})

it('nor one that slept through a loss of Redis, too', async () => {
  await write('first')
  await world.transfer(list)
  await write('second')
  const calls = await callsOf(list)
  await write('third')
  const sleeper = await fallAsleep(list, calls.indexOf('write'))
  loseRedis(list)
  await write('fourth')
  await world.transfer(list)
  await sleeper.wakeUp()
  await write('third')
  await world.transfer(list)

  expect(await world.customer.sql(`SELECT name FROM ${world.schema}.list`)).toEqual([['third']])
})

it('nor does it hide how far all rows are loaded, once Redis is lost', async () => {
  const events = (columns: readonly string[]) =>
    modelSchema.parse({
      ...{ name: 'events', source: 'files', files: { path: 'events.ndjson' } },
      ...{ primaryKey: ['id'], cursor: 'at' },
      columns: [
        { name: 'id', type: 'bigint' },
        { name: 'at', type: 'timestamp' },
        ...columns.map(name => ({ name, type: 'string' })),
      ],
    })
  const times = ['10:00', '10:01', '10:02', '10:03']
  const at = (time: string) => `2026-01-01T${time}:00Z`
  const writeEvents = () =>
    world.writeSource(
      events([]),
      times.map((time, id) => JSON.stringify({ id, at: at(time) })),
    )
  await writeEvents()
  await world.transfer(events([]))
  const calls = await callsOf(events(['a']))
  times.push('10:04')
  await writeEvents()
  // What is written before the state is the table's record, as a column came.
  const recording = calls.indexOf('write') - 1
  const sleeper = await fallAsleep(events(['a', 'b']), recording)
  times.push('10:05', '11:00', '12:30')
  await writeEvents()
  const window = { from: at('12:00'), to: at('13:00') }
  await world.transfer(events(['a', 'b']), { window })
  await sleeper.wakeUp()
  loseRedis(events([]))
  await world.transfer(events(['a', 'b']))

  expect(sleeper.calls[recording]).toBe('putObject')
  const loaded = await world.customer.sql(`SELECT id FROM ${world.schema}.events ORDER BY id`)
  expect(loaded.flat()).toEqual(times.map((_, id) => String(id)))
})
