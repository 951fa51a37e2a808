import { createReadStream } from 'node:fs'
import { glob, realpath, stat } from 'node:fs/promises'
import { isAbsolute, resolve, sep } from 'node:path'
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
  const matches = await matchesOf(pattern, root)
  if (!matches)
    throw new TransferError('CONFIG_INVALID', `${pattern}: leads out of the source's base ${base}`)
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

/** What a pattern stands for below a root; undefined when it leads out of it, where no folder is walked through. */
async function matchesOf(pattern: string, root: string): Promise<string[] | undefined> {
  let isOutside = false
  const exclude = (path: string): boolean => {
    const leadsOut = isAbsolute(path) || /^\.\.(?:[\\/]|$)/.test(path)
    isOutside ||= leadsOut
    return leadsOut
  }
  const matches = await Array.fromAsync(glob(pattern, { cwd: root, exclude }))
  return isOutside ? undefined : matches
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
