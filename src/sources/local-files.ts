import { createReadStream } from 'node:fs'
import { glob, realpath, stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { TransferError } from '../domain/errors.ts'
import type { SourceFile } from './read-files.ts'
import { unreadable } from './source-error.ts'

/**
 * Local files below a base, by path or glob, sorted. A file that a link leads out of the base is refused, and what is no file: a
 * pipe would be waited for, a device be read for ever.
 *
 * @throws {TransferError} `CONFIG_INVALID` for such a file.
 */
export async function* localFiles(folder: string, base: string, pattern: string): AsyncGenerator<SourceFile> {
  const root = resolve(folder, base)
  const matches = await Array.fromAsync(glob(pattern, { cwd: root }))
  for (const match of matches.sort()) {
    const [path, realRoot] = await Promise.all([realpath(resolve(root, match)), realpath(root)])
    if (path === realRoot) continue
    if (!path.startsWith(realRoot + sep))
      throw new TransferError('CONFIG_INVALID', `${match}: leads out of the source's base ${base}`)
    const found = await stat(path)
    if (found.isDirectory()) continue
    if (!found.isFile())
      throw new TransferError('CONFIG_INVALID', `${match}: is no file, but a pipe, device or socket`)
    yield { origin: match, path, open: signal => readWhole(path, match, signal) }
  }
}

/**
 * The file's bytes, and an error if it is found shorter or longer than it was when it was opened.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE`.
 */
export async function* readWhole(
  path: string,
  origin: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const size = await sizeOf(path, origin)
  let seen = 0
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
      seen += chunk.length
      yield chunk
    }
  } catch (cause) {
    if (signal.aborted) throw cause
    throw unreadable(origin, 'cannot be read', cause)
  }
  if (seen !== size)
    throw unreadable(origin, `changed while it was read: ${size} bytes at first, ${seen} read`)
}

async function sizeOf(path: string, origin: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    throw unreadable(origin, 'cannot be read', cause)
  }
}
