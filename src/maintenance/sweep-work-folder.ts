import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Folders that attempts make in the work folder, by `mkdtemp`, and remove when they end; those of killed workers stay. */
const FOLDER_OF_ATTEMPT = /^(?:stage|singer|status)-[A-Za-z0-9]{6}$/

/**
 * Removes the folders of killed workers from the work folder, and returns how many: those in which nothing has changed for
 * so long. It is of this machine alone, so each worker does it for itself, and several may at once.
 */
export async function sweepWorkFolder(
  folder: string,
  { olderThanMs, nowMs }: { readonly olderThanMs: number; readonly nowMs: number },
): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(whenGone([]))
  let removed = 0
  for (const entry of entries) {
    if (!entry.isDirectory() || !FOLDER_OF_ATTEMPT.test(entry.name)) continue
    const path = join(folder, entry.name)
    if (nowMs - (await lastChangeMs(path)) < olderThanMs) continue
    await rm(path, { recursive: true, force: true })
    removed += 1
  }
  return removed
}

async function lastChangeMs(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(whenGone([]))
  const times = [folder, ...names.map(name => join(folder, name))].map(async path => {
    const found = await stat(path).catch(whenGone(undefined))
    return found?.mtimeMs ?? 0
  })
  return (await Promise.all(times)).reduce((latest, time) => Math.max(latest, time), 0)
}

/** Whatever its attempt removes meanwhile is as good as gone. */
function whenGone<Result>(result: Result): (thrown: NodeJS.ErrnoException) => Result {
  return thrown => {
    if (thrown.code === 'ENOENT') return result
    throw thrown
  }
}
