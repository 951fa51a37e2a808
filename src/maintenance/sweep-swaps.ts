import { objectsBelow } from '../staging/keys-below.ts'
import { prefixOfTableFolder } from './our-names.ts'
import type { SwapNote } from './read-swap-notes.ts'
import { deleteObject, isYoung, type SweepContext } from './sweep-context.ts'
import type { RemainingTable } from './sweep-tables.ts'
import type { KeepReason } from './sweep-tally.ts'

/**
 * Removes the folders that swaps left, and then their notes. Left is a folder that swaps led away from, up to the one that
 * the table lies in now, and one that a given-up swap had begun to fill; of a table that is not there any more nothing is.
 *
 * Statements that began before the swap read the old folder on, and nothing tells when the swap was: a folder's age counts
 * from the sweep that first finds it left, which writes that into the note.
 */
export async function sweepSwaps(
  context: SweepContext,
  notes: readonly SwapNote[],
  tables: readonly RemainingTable[],
): Promise<void> {
  for (const [table, ofTable] of Map.groupBy(notes, note => note.table)) {
    const present = tables.find(({ name }) => name === table)?.locations[0]
    const { swapped, others } = chainOf(ofTable, present)
    const known = new Set([present, ...swapped.map(note => note.from)])
    const needed = new Set<string>()
    for (const note of others)
      if (!(await sweepGivenUp(context, note, known.has(note.from), tables))) needed.add(note.from)
    // From the oldest on: a note stays for as long as it tells how the folder of another note came to be left.
    let areEarlierGone = true
    for (const note of swapped) {
      const isLeft = await sweepLeftFolder(context, note, note.from, tables)
      const mayGo: boolean = isLeft && areEarlierGone && !needed.has(note.from)
      if (isLeft && !mayGo) context.tally.keep('swapNotes', 'inUse')
      areEarlierGone = mayGo && (await removeNote(context, note))
    }
  }
}

/** A swap that did not lead to the table: given up, if it began where the table has been; of any other nothing is known. */
async function sweepGivenUp(
  context: SweepContext,
  note: SwapNote,
  isGivenUp: boolean,
  tables: readonly RemainingTable[],
): Promise<boolean> {
  if (isGivenUp) return (await sweepLeftFolder(context, note, note.to, tables)) && removeNote(context, note)
  context.tally.keep('swapNotes', context.open.transferIds.has(note.transferId) ? 'open' : 'inUse')
  return false
}

/** The swaps that led to where the table lies, the oldest first, and those that did not. */
function chainOf(notes: readonly SwapNote[], present: string | undefined) {
  const swapped: SwapNote[] = []
  for (let location = present; location !== undefined; ) {
    const note = notes.find(({ to }) => to === location)
    location = undefined
    if (!note || swapped.includes(note)) break
    swapped.unshift(note)
    location = note.from
  }
  return { swapped, others: notes.filter(note => !swapped.includes(note)) }
}

/** True when the folder is gone; otherwise the note is counted as kept. */
async function sweepLeftFolder(
  context: SweepContext,
  note: SwapNote,
  folder: string,
  tables: readonly RemainingTable[],
): Promise<boolean> {
  const { destination, open, tally } = context
  const keep = (reason: KeepReason): boolean => {
    tally.keep('swapNotes', reason)
    return false
  }
  if (open.transferIds.has(note.transferId)) return keep('open')
  if (isInUse(folder, tables)) return keep('inUse')
  const prefix = prefixOfTableFolder(destination, note.table, folder)
  if (prefix === undefined) return keep('foreign')
  if (note.idle?.folder !== folder) {
    await noteIdle(context, note, folder)
    return keep('young')
  }
  if (isYoung(context, Date.parse(note.idle.since))) return keep('young')
  return (await removeFolder(context, prefix)) || keep('inUse')
}

function removeNote(context: SweepContext, { key }: SwapNote): Promise<boolean> {
  return context.tally.remove('swapNotes', 0, deleteObject(context, key))
}

function isInUse(folder: string, tables: readonly RemainingTable[]): boolean {
  return tables.some(({ locations }) =>
    locations.some(location => location === folder || location.startsWith(`${folder}/`)),
  )
}

async function noteIdle(context: SweepContext, { key, ...note }: SwapNote, folder: string): Promise<void> {
  if (context.dryRun) return
  const idle = { folder, since: new Date(context.nowMs).toISOString() }
  await context.clients.s3.putObject({
    Bucket: context.destination.bucket,
    Key: key,
    Body: Buffer.from(JSON.stringify({ ...note, idle })),
    ContentType: 'application/json',
  })
}

/** True when nothing of the folder is left. One that somebody still writes to stays whole. Memory: a page of keys. */
async function removeFolder(context: SweepContext, prefix: string): Promise<boolean> {
  const { clients, destination, tally, signal } = context
  const folder = { bucket: destination.bucket, prefix }
  for await (const { modifiedMs } of objectsBelow(clients.s3, folder))
    if (isYoung(context, modifiedMs)) return false
  let isGone = true
  for await (const { key, bytes } of objectsBelow(clients.s3, folder)) {
    signal.throwIfAborted()
    isGone = (await tally.remove('oldTableFiles', bytes, deleteObject(context, key))) && isGone
  }
  return isGone
}
