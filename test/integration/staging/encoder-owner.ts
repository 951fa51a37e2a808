/**
 * A worker with one encoder, for tests that end it: `busy` tells the encoder's id while it encodes, `waiting` once it is
 * idle and lives on, `ending` once it is idle and ends by itself.
 */
import { createEncoderPool } from '../../../src/staging/encoder-pool.ts'
import { childrenRunning } from '../../support/child-processes.ts'

const [, , state = '', slice = ''] = process.argv
const { folder, request } = JSON.parse(slice)
const tell = (): void => console.log(String(childrenRunning('encoder-process.ts')[0]))

await createEncoderPool().use({ folder, signal: new AbortController().signal }, async encode => {
  const encoding = encode(request)
  if (state === 'busy') setTimeout(tell, 1000)
  await encoding
  if (state === 'busy') await new Promise(() => setInterval(() => {}, 1000))
})
tell()
if (state === 'waiting') setInterval(() => {}, 1000)
