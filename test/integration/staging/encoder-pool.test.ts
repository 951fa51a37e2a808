import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { modelSchema } from '../../../src/domain/model.ts'
import type { EncodeRequest } from '../../../src/staging/encode-slice.ts'
import {
  createEncoderPool,
  type Encode,
  type EncoderKeeping,
  type EncoderPool,
} from '../../../src/staging/encoder-pool.ts'
import { childrenRunning, isRunning } from '../../support/child-processes.ts'

let place = ''
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'encoders-'))
})
afterAll(() => rm(place, { recursive: true }))

const { columns } = modelSchema.parse({
  name: 'things',
  source: 'files',
  files: { path: 'things.ndjson' },
  primaryKey: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'string' },
  ],
})

const ONE_ROW = '{"id": 1, "note": "a"}\n'

/** A folder of a model's own with a slice of these lines, and the request to encode it. */
async function sliceOf(
  text = ONE_ROW,
): Promise<{ readonly folder: string; readonly request: EncodeRequest }> {
  const folder = await mkdtemp(join(place, 'model-'))
  const path = join(folder, 'slice')
  await writeFile(path, text)
  const request: EncodeRequest = {
    path,
    origin: 'things.ndjson',
    format: 'ndjson',
    firstLine: 1,
    firstRow: 0,
    hasLongNumbers: false,
    hasNegativeZero: false,
    columns: columns.map(column => ({ ...column, isKey: column.name === 'id', isBounded: false })),
    hasRowHash: false,
    partitions: { fields: [], most: 0 },
    digest: { lookbackMs: 0 },
    rejectedPath: join(folder, 'rejected.ndjson'),
    target: join(folder, 'staged.parquet'),
  }
  return { folder, request }
}

function poolOf(keeping: Partial<EncoderKeeping> = {}): EncoderPool {
  const encoders = createEncoderPool({ maxModels: 100, idleMs: 60_000, maxBytes: 2 ** 30, ...keeping })
  onTestFinished(() => encoders.close())
  return encoders
}

const encoders = (): readonly number[] => childrenRunning('encoder-process.ts')
const open = new AbortController().signal

/** Stages a slice of one model and tells the encoder that did it. */
async function stageOne(pool: EncoderPool, text?: string): Promise<number | undefined> {
  const { folder, request } = await sliceOf(text)
  return pool.use({ folder, signal: open }, async encode => {
    await encode(request)
    return encoders().at(-1)
  })
}

/** A model that holds its encoder until it is let go. */
async function holdOne(pool: EncoderPool, signal = open) {
  const { folder, request } = await sliceOf()
  const { promise: letGo, resolve } = Promise.withResolvers<void>()
  const { promise: started, resolve: tellStarted } = Promise.withResolvers<Encode>()
  const done = pool.use({ folder, signal }, async encode => {
    await encode(request)
    tellStarted(encode)
    await letGo
    return encode(request)
  })
  done.catch(() => {})
  await started
  return { done, letGo: resolve, folder, request }
}

it('models one after another are served by one process, and as many processes as models run at once', async () => {
  const pool = poolOf()
  const first = await stageOne(pool)
  const second = await stageOne(pool)
  const [left, right] = [await holdOne(pool), await holdOne(pool)]
  const atOnce = encoders()
  left.letGo()
  right.letGo()
  const outcomes = await Promise.all([left.done, right.done])
  await stageOne(pool)
  const after = encoders()
  await pool.close()

  expect(second).toBe(first)
  expect(outcomes.map(({ stagedRowCount }) => stagedRowCount)).toEqual([1, 1])
  expect(atOnce).toHaveLength(2)
  expect(after).toEqual(atOnce)
  expect(encoders()).toEqual([])
})

it('a crash fails the model that the process served and no other, and the next has a new process', async () => {
  const pool = poolOf()
  const crashing = await holdOne(pool)
  const [victim = 0] = encoders()
  const other = await holdOne(pool)
  process.kill(victim, 'SIGSEGV')
  await vi.waitFor(() => expect(isRunning(victim)).toBe(false))
  crashing.letGo()
  other.letGo()

  await expect(crashing.done).rejects.toMatchObject({ code: 'STAGING_FAILED' })
  expect(await other.done).toMatchObject({ stagedRowCount: 1 })
  expect(encoders()).toHaveLength(1)
  await expect(Promise.all([stageOne(pool), stageOne(pool)])).resolves.toHaveLength(2)
})

it('a process that died while it waited fails no model', async () => {
  const pool = poolOf()
  const first = await stageOne(pool)
  process.kill(first ?? 0, 'SIGKILL')
  await vi.waitFor(() => expect(encoders()).toEqual([]))

  expect(await stageOne(pool)).not.toBe(first)
})

it('nothing of one model is within reach of the next: neither its files nor its database', async () => {
  const pool = poolOf()
  const before = await sliceOf()
  await pool.use({ ...before, signal: open }, encode => encode(before.request))
  const secret = join(before.folder, 'staged.parquet')
  const bytes = await readFile(secret)
  const next = await sliceOf()
  const writing = pool.use({ ...next, signal: open }, encode =>
    encode({ ...next.request, target: join(before.folder, 'foreign.parquet') }),
  )
  await expect(writing).rejects.toThrow('disabled by configuration')
  const overwriting = pool.use({ ...next, signal: open }, encode =>
    encode({ ...next.request, target: secret }),
  )
  await expect(overwriting).rejects.toThrow('disabled by configuration')

  expect(existsSync(join(before.folder, 'foreign.parquet'))).toBe(false)
  expect(await readFile(secret)).toEqual(bytes)
})

it('an encoder has nothing of the environment of the worker', async () => {
  vi.stubEnv('DESTINATION_SECRET', 'hunter2')
  onTestFinished(() => void vi.unstubAllEnvs())
  const pid = await stageOne(poolOf())

  const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean)
  expect(
    variables.map(variable => variable.split('=')[0]).filter(name => !name?.startsWith('NODE_')),
  ).toEqual([])
})

it('a process is replaced after so many models, once it holds too much memory, and when nobody needs it', async () => {
  const byCount = poolOf({ maxModels: 2 })
  const [first, second, third] = [await stageOne(byCount), await stageOne(byCount), await stageOne(byCount)]
  await byCount.close()
  const byMemory = poolOf({ maxBytes: 1 })
  await stageOne(byMemory)
  const heavy = encoders()
  const byTime = poolOf({ idleMs: 10 })
  await stageOne(byTime)

  expect(second).toBe(first)
  expect(third).not.toBe(first)
  expect(heavy).toEqual([])
  await vi.waitFor(() => expect(encoders()).toEqual([]))
})

it('an abort ends the encoder of its model alone, with the reason of the abort', async () => {
  const pool = poolOf()
  const stop = new AbortController()
  const aborted = await holdOne(pool, stop.signal)
  const other = await holdOne(pool)
  const before = encoders()
  stop.abort(new Error('enough'))
  aborted.letGo()
  other.letGo()

  await expect(aborted.done).rejects.toThrow('enough')
  expect(await other.done).toMatchObject({ stagedRowCount: 1 })
  expect(encoders()).toEqual(before.slice(1))
})

it('a request that fails by name leaves the process for the next model', async () => {
  const pool = poolOf()
  const { folder, request } = await sliceOf()
  const wide = { ...request, path: `${folder}/absent`, format: 'parquet' as const }
  const failing = pool.use({ folder, signal: open }, encode => encode(wide))
  await expect(failing).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
  const [kept] = encoders()

  expect(await stageOne(pool)).toBe(kept)
})

/** A worker that stages one slice, tells its encoder's id and then does as it is told. */
const WORKER = fileURLToPath(new URL('encoder-owner.ts', import.meta.url))

it.each(['busy', 'waiting'])('an encoder that is %s ends with a worker that is killed', async state => {
  const slice = await sliceOf(ONE_ROW.repeat(300_000))
  const worker = spawn(process.execPath, [WORKER, state, JSON.stringify(slice)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = await once(worker.stdout, 'data')
  expect(isRunning(Number(pid))).toBe(true)
  worker.kill('SIGKILL')
  await once(worker, 'exit')

  await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), 10_000)
})

it('encoders that wait do not keep the worker alive', async () => {
  const slice = await sliceOf()
  const worker = spawn(process.execPath, [WORKER, 'ending', JSON.stringify(slice)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [[pid], [code]] = await Promise.all([once(worker.stdout, 'data'), once(worker, 'exit')])

  expect(code).toBe(0)
  await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), 10_000)
})
