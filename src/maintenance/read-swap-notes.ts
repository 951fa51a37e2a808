import { z } from 'zod'
import { SHADOW_PREFIX } from '../catalog/swap-table.ts'
import type { Destination } from '../domain/destination.ts'
import { objectsBelow } from '../staging/keys-below.ts'
import { swapOfNoteKey } from './our-names.ts'
import type { SweepContext } from './sweep-context.ts'

const noteSchema = z.looseObject({
  version: z.literal(1),
  transferId: z.string(),
  table: z.string(),
  shadowTable: z.string(),
  from: z.string(),
  to: z.string(),
  /** Since when no table was seen in a folder, ISO 8601; written by the sweep. */
  idle: z.object({ folder: z.string(), since: z.iso.datetime() }).optional(),
})

/** What an overwrite by swap left: the folder that the table lay in, and the one that it was to lie in. */
export interface SwapNote extends z.output<typeof noteSchema> {
  readonly key: string
}

/** The notes of a destination's swaps; what is none of ours is counted and left. Memory: all notes, one a swap. */
export async function readSwapNotes(
  context: Pick<SweepContext, 'clients' | 'destination' | 'tally'>,
): Promise<readonly SwapNote[]> {
  const { clients, destination, tally } = context
  const { bucket, schema } = destination
  const notes: SwapNote[] = []
  for await (const { key } of objectsBelow(clients.s3, { bucket, prefix: `${schema}/_swaps/` })) {
    const note = swapOfNoteKey(destination, key) && (await readNote(context, destination, key))
    if (note) notes.push(note)
    else tally.keep('swapNotes', 'foreign')
  }
  return notes
}

async function readNote(
  { clients }: Pick<SweepContext, 'clients'>,
  destination: Destination,
  key: string,
): Promise<SwapNote | undefined> {
  const { Body } = await clients.s3.getObject({ Bucket: destination.bucket, Key: key })
  const { table, attempt } = swapOfNoteKey(destination, key) ?? {}
  const note = parse((await Body?.transformToString()) ?? '')
  const isOurs =
    note?.table === table && note?.shadowTable === `${SHADOW_PREFIX}${note?.transferId}_${attempt}`
  return note && isOurs ? { ...note, key } : undefined
}

function parse(text: string): z.output<typeof noteSchema> | undefined {
  try {
    return noteSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined // Somebody else's file: it is counted as foreign.
  }
}
