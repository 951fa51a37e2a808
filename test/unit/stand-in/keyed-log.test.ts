import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openKeyedLog } from '../../../src/stand-in/storage/keyed-log.ts'

describe('a keyed log', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'log-'))
    file = join(folder, 'deep', 'log.jsonl')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('finds after a reopening what was set last, and nothing that was deleted', async () => {
    const log = await openKeyedLog(file, z.number())
    await Promise.all([log.set('a', 1), log.set('b', 2), log.set('a', 3)])
    await log.delete('b')
    await log.close()

    const again = await openKeyedLog(file, z.number())
    expect([...again.entries()]).toEqual([['a', 3]])
    await again.close()
  })

  it('drops a last line that a crash cut short, and goes on after it', async () => {
    const log = await openKeyedLog(file, z.number())
    await log.set('a', 1)
    await log.close()
    await appendFile(file, '{"k":"b","v":')

    const again = await openKeyedLog(file, z.number())
    await again.set('c', 3)
    await again.close()
    const last = await openKeyedLog(file, z.number())
    expect([...last.entries()]).toEqual([
      ['a', 1],
      ['c', 3],
    ])
    await last.close()
  })

  it('has every value in its file by the time that set resolves', async () => {
    const log = await openKeyedLog(file, z.number())
    await log.set('a', 1)
    expect(await readFile(file, 'utf8')).toBe('{"k":"a","v":1}\n')
    await log.close()
  })
})
