import { type ListedObject, objectsBelow } from '../staging/keys-below.ts'
import { type Attempt, attemptOfStagedKey } from './our-names.ts'
import { deleteObject, isYoung, type SweepContext } from './sweep-context.ts'
import type { RemainingTable } from './sweep-tables.ts'

/**
 * Removes staged files that were left, an attempt's folder at a time: its newest file tells its age, and a staging table
 * that stays keeps it. Memory: the keys of a folder.
 */
export async function sweepStagedFiles(
  context: SweepContext,
  tables: readonly RemainingTable[],
): Promise<void> {
  const { clients, destination, tally } = context
  const attempts = new Set(tables.map(({ attempt }) => attempt))
  const prefix = `${destination.schema}/staging/`
  let folder: Folder | undefined
  for await (const object of objectsBelow(clients.s3, { bucket: destination.bucket, prefix })) {
    const maker = attemptOfStagedKey(destination, object.key)
    if (!maker) {
      tally.keep('stagedFiles', 'foreign')
      continue
    }
    const path = object.key.slice(0, object.key.lastIndexOf('/'))
    if (folder?.path === path) folder.objects.push(object)
    else {
      if (folder) await sweepFolder(context, attempts, folder)
      folder = { path, maker, objects: [object] }
    }
  }
  if (folder) await sweepFolder(context, attempts, folder)
}

interface Folder {
  readonly path: string
  readonly maker: Attempt
  readonly objects: ListedObject[]
}

async function sweepFolder(
  context: SweepContext,
  attemptsWithTable: ReadonlySet<string | undefined>,
  { maker, objects }: Folder,
): Promise<void> {
  const reason = keepReason()
  for (const { key, bytes } of objects) {
    context.signal.throwIfAborted()
    if (reason) context.tally.keep('stagedFiles', reason)
    else await context.tally.remove('stagedFiles', bytes, deleteObject(context, key))
  }

  function keepReason() {
    if (context.open.transferIds.has(maker.transferId)) return 'open' as const
    if (attemptsWithTable.has(maker.attempt)) return 'inUse' as const
    return objects.some(({ modifiedMs }) => isYoung(context, modifiedMs)) ? ('young' as const) : undefined
  }
}
