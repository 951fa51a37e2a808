import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decompress } from '../decompress.ts'
import { readWhole } from '../local-files.ts'
import { type Place, refused } from './place.ts'

/**
 * The unpacked bytes of a file that a BATCH message names: a `file://` URL or an absolute path.
 *
 * @throws {TransferError} `SINGER_INVALID` for any other name, `SOURCE_UNREADABLE` for a file that is not there or not whole.
 */
export function readBatchFile(
  name: string,
  {
    isPacked,
    place,
    stream,
    signal,
  }: {
    readonly isPacked: boolean
    readonly place: Place
    readonly stream: string
    readonly signal: AbortSignal
  },
): AsyncIterable<Uint8Array> {
  const path = localPath(name)
  if (path === undefined)
    throw refused(place, 'is no local file: a file:// URL or an absolute path', {
      stream,
      property: 'manifest',
      value: name,
    })
  return decompress(readWhole(path, name, signal), isPacked ? 'gzip' : 'none', name)
}

function localPath(name: string): string | undefined {
  if (isAbsolute(name)) return name
  const url = URL.canParse(name) ? new URL(name) : undefined
  return url?.protocol === 'file:' && url.host === '' ? fileURLToPath(url) : undefined
}
