import { objectsBelow } from '../staging/keys-below.ts'
import { executionOfResult } from './our-names.ts'
import { deleteObject, isYoung, type SweepContext } from './sweep-context.ts'

/** Removes old results of queries. Memory: a page of keys. */
export async function sweepResults(context: SweepContext): Promise<void> {
  const { clients, destination, open, tally, signal } = context
  const prefix = `${destination.database}/athena_output/`
  for await (const { key, modifiedMs, bytes } of objectsBelow(clients.s3, {
    bucket: destination.bucket,
    prefix,
  })) {
    signal.throwIfAborted()
    const id = executionOfResult(destination, key)
    if (id === undefined) tally.keep('queryResults', 'foreign')
    else if (open.queryExecutionIds.has(id)) tally.keep('queryResults', 'open')
    else if (isYoung(context, modifiedMs)) tally.keep('queryResults', 'young')
    else await tally.remove('queryResults', bytes, deleteObject(context, key))
  }
}
