import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { RunningChecksum } from './checksums.ts'

/** A body that is safe on disk. */
export interface WrittenBody {
  /** Its name for the other functions here. */
  readonly file: string
  readonly size: number
  readonly md5Hex: string
}

/** Bodies under names of their own, whatever the key: never changed in place, never found by a key. */
export interface BodyFiles {
  /** Streams a body to disk and syncs it; on an error nothing is left. Memory: one chunk. */
  write(source: AsyncIterable<Uint8Array>, meters: readonly Meter[]): Promise<WrittenBody>
  path(file: string): string
  /** Both bounds are inclusive. */
  read(file: string, range: { readonly start: number; readonly end: number }): Readable
  /** Removes the file after a while: a reader that learnt of it may not have opened it yet. */
  discard(file: string): void
  /** Removes now every file that is not in `live`. */
  removeAllBut(live: ReadonlySet<string>): Promise<void>
  close(): void
}

/** What sees every chunk of a body as it is written. */
export type Meter = Pick<RunningChecksum, 'update'>

/** How long a replaced body stays readable, in milliseconds: longer than a query of the stand-in runs. */
const DISCARD_AFTER_MS = 15 * 60_000

/** Opens the folder of bodies. */
export async function openBodyFiles(folder: string): Promise<BodyFiles> {
  await mkdir(folder, { recursive: true })
  const timers = new Set<NodeJS.Timeout>()
  const path = (file: string): string => join(folder, file.slice(0, 2), file)
  const remove = (file: string): Promise<void> => rm(path(file), { force: true })
  return {
    path,
    async write(source, meters) {
      const file = randomUUID()
      await mkdir(join(folder, file.slice(0, 2)), { recursive: true })
      try {
        return { file, ...(await writeSynced(path(file), source, meters)) }
      } catch (error) {
        await remove(file)
        throw error
      }
    },
    read: (file, range) => createReadStream(path(file), range),
    discard(file) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        remove(file).catch(() => undefined) // Left for the next start, which removes what nothing refers to.
      }, DISCARD_AFTER_MS)
      timers.add(timer)
      timer.unref()
    },
    async removeAllBut(live) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile() && !live.has(entry.name)) await remove(entry.name)
      }
    },
    close() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

async function writeSynced(
  path: string,
  source: AsyncIterable<Uint8Array>,
  meters: readonly Meter[],
): Promise<{ size: number; md5Hex: string }> {
  const handle = await open(path, 'wx')
  try {
    const md5 = createHash('md5')
    let size = 0
    for await (const chunk of source) {
      md5.update(chunk)
      for (const meter of meters) meter.update(chunk)
      size += chunk.length
      await writeWhole(handle, chunk)
    }
    await handle.datasync()
    return { size, md5Hex: md5.digest('hex') }
  } finally {
    await handle.close()
  }
}

async function writeWhole(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, offset)
    offset += bytesWritten
  }
}
