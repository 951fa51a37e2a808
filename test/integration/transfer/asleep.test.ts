import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelSchema } from '../../../src/domain/model.ts'
import { newAttempt, watched } from '../../crashes/attempt.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine(watched)
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

const write = (name: string) => world.writeSource(list, [JSON.stringify({ id: 1, name })])

it('an attempt that wakes up after a later transfer does not make it forgotten: a source that goes back is loaded', async () => {
  await write('zeroth')
  await world.transfer(list)
  await write('first')
  const trial = newAttempt()
  await trial.run(() => world.transfer(list))
  await write('second')
  const sleeper = newAttempt({ call: trial.calls.indexOf('write'), end: 'asleep before' })
  const sleeping = sleeper.run(() => world.transfer(list)).catch(() => undefined)
  await sleeper.asleep
  await write('third')
  await world.transfer(list)
  sleeper.wake()
  await sleeping
  await write('second')
  const result = await world.transfer(list)

  expect(result.isUnchanged).toBe(false)
  expect(await world.customer.sql(`SELECT name FROM ${world.schema}.list`)).toEqual([['second']])
})
