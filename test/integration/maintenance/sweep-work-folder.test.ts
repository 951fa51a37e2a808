import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sweepWorkFolder } from '../../../src/maintenance/sweep-work-folder.ts'

const HOUR_MS = 3_600_000

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'work-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function attempt(name: string, changedHoursAgo: number): Promise<void> {
  const batch = join(folder, name, 'batch-AbCdEf')
  await mkdir(batch, { recursive: true })
  await writeFile(join(batch, 'slice-0.ndjson'), '{}')
  const changed = new Date(Date.now() - changedHoursAgo * HOUR_MS)
  for (const path of [join(batch, 'slice-0.ndjson'), batch, join(folder, name)])
    await utimes(path, changed, changed)
}

it('removes what killed workers left once nothing in it has changed for long, and nothing else', async () => {
  for (const name of ['stage-AbC123', 'singer-AbC123', 'status-AbC123', 'stage-of-mine', 'mine-AbC123'])
    await attempt(name, 30)
  await attempt('stage-yOung1', 2)
  await attempt('stage-aLive1', 30)
  await writeFile(join(folder, 'stage-aLive1/batch-AbCdEf/slice-1.ndjson'), '{}')
  await writeFile(join(folder, 'stage-aFile1'), '')
  await utimes(join(folder, 'stage-aFile1'), 0, 0)
  const options = { olderThanMs: 24 * HOUR_MS, nowMs: Date.now() }

  expect(await sweepWorkFolder(folder, options)).toBe(3)
  expect((await readdir(folder)).toSorted()).toEqual(
    ['mine-AbC123', 'stage-aFile1', 'stage-aLive1', 'stage-of-mine', 'stage-yOung1'].toSorted(),
  )
  expect(await sweepWorkFolder(folder, options)).toBe(0)
})

it('a work folder that is not there yet is empty', async () => {
  expect(await sweepWorkFolder(join(folder, 'none'), { olderThanMs: 0, nowMs: Date.now() })).toBe(0)
})
