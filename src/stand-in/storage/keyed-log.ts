import { appendFileSync, closeSync, fdatasync, openSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

const syncFile = promisify(fdatasync)

/** A map kept in memory and, line by line, in an append-only file. */
export interface KeyedLog<Value> {
  get(key: string): Value | undefined
  has(key: string): boolean
  entries(): MapIterator<[string, Value]>
  values(): MapIterator<Value>
  /** Visible to readers at once and safe from a crash of the process; resolves when the disk has it. */
  set(key: string, value: Value): Promise<void>
  /** As `set`; removing what is absent is no error. */
  delete(key: string): Promise<void>
  close(): Promise<void>
}

const lineSchema = z.union([
  z.strictObject({ k: z.string(), v: z.unknown() }),
  z.strictObject({ d: z.string() }),
])

/**
 * Opens the log in `file`, made when missing, and replays it: the last line of a key wins.
 *
 * A last line cut short by a crash is dropped. The file is rewritten (to a temporary file, then renamed) at each opening,
 * so it grows by what one run of the process writes. Memory: all live values.
 */
export async function openKeyedLog<Value>(file: string, schema: z.ZodType<Value>): Promise<KeyedLog<Value>> {
  await mkdir(dirname(file), { recursive: true })
  const values = replay(await readIfPresent(file), schema)
  await rewrite(file, values)
  const descriptor = openSync(file, 'a')
  const durable = createGroupCommit(() => syncFile(descriptor))
  return {
    get: key => values.get(key),
    has: key => values.has(key),
    entries: () => values.entries(),
    values: () => values.values(),
    set(key, value) {
      appendFileSync(descriptor, `${JSON.stringify({ k: key, v: value })}\n`)
      values.set(key, value)
      return durable()
    },
    async delete(key) {
      if (!values.has(key)) return
      appendFileSync(descriptor, `${JSON.stringify({ d: key })}\n`)
      values.delete(key)
      await durable()
    },
    async close() {
      await durable()
      closeSync(descriptor)
    },
  }
}

async function readIfPresent(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

function replay<Value>(text: string, schema: z.ZodType<Value>): Map<string, Value> {
  const values = new Map<string, Value>()
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  for (const line of complete.split('\n')) {
    if (line === '') continue
    const entry = lineSchema.parse(JSON.parse(line))
    if ('d' in entry) values.delete(entry.d)
    else values.set(entry.k, schema.parse(entry.v))
  }
  return values
}

async function rewrite<Value>(file: string, values: ReadonlyMap<string, Value>): Promise<void> {
  const lines = [...values].map(([k, v]) => `${JSON.stringify({ k, v })}\n`)
  await writeFile(`${file}.new`, lines.join(''), { flush: true })
  await rename(`${file}.new`, file)
}

/** Callers that arrive while one sync runs share the next one. */
function createGroupCommit(sync: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    running = sync().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (!running) return start()
    next ??= running.then(() => {
      next = undefined
      return start()
    })
    return next
  }
}
