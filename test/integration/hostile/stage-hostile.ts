/**
 * Stages hostile files one after the other, in a process whose memory is measured, and prints how each ended: a JSON line a case,
 * and last the largest memory of this process and of the encoders, in MiB.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { toTransferError } from '../../../src/domain/errors.ts'
import { modelSchema } from '../../../src/domain/model.ts'
import { sourceSchema } from '../../../src/domain/source.ts'
import { readFiles } from '../../../src/sources/read-files.ts'
import { createEncoderPool } from '../../../src/staging/encoder-pool.ts'
import { stageModel } from '../../../src/staging/stage-model.ts'

const MIB = 1024 * 1024

const folder = await mkdtemp(join(tmpdir(), 'hostile-files-'))
const encoders = createEncoderPool()

let encoderPeak = 0
const sampling = setInterval(() => {
  for (const pid of children()) encoderPeak = Math.max(encoderPeak, peakOf(pid))
}, 20)

function children(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap(task =>
    textOf(`/proc/self/task/${task}/children`).trim().split(' ').filter(Boolean),
  )
}

/** Largest resident memory of a process so far, in MiB. */
function peakOf(pid: string): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Ended since it was listed.
    return ''
  }
}

type Chunks = Iterable<Buffer | string>

/** A file of `count` times the same bytes. */
function* times(count: number, bytes: Buffer | string): Chunks {
  for (let index = 0; index < count; index++) yield bytes
}

const BLOCK = Buffer.alloc(16 * MIB, 'x')
const ROWS = '{"id":1,"doc":null}\n'.repeat((4 * MIB) / 20)
const DEEP = 100_000
const WIDE = Array.from({ length: 1_000_000 }, (_, index) => `c${index}`)

/** Packed bytes that unpack to several GiB: the same member again and again. */
const CASES: Readonly<Record<string, readonly [file: string, chunks: () => Chunks]>> = {
  'gzip of one row of 4 GiB': ['a.ndjson.gz', () => times(256, gzipSync(BLOCK))],
  'zstd of one row of 4 GiB': ['a.ndjson.zst', () => times(256, zstdCompressSync(BLOCK))],
  'gzip of 4 GiB of empty lines': ['a.ndjson.gz', () => times(256, gzipSync(Buffer.alloc(16 * MIB, '\n')))],
  'zstd of 4 GiB of rows': ['a.ndjson.zst', () => times(1024, zstdCompressSync(ROWS))],
  'gzip in gzip': ['a.ndjson.gz.gz', () => [gzipSync(Buffer.concat(Array(16).fill(gzipSync(BLOCK))))]],
  'a line of 400 MB': ['a.ndjson', () => ['{"id":1}\n{"id":2,"doc":"', ...times(25, BLOCK), '"}\n']],
  'a line of 800 MB': ['a.ndjson', () => ['{"id":1}\n{"id":2,"doc":"', ...times(50, BLOCK), '"}\n']],
  'CSV with a quote that is never closed, of 400 MB': [
    'a.csv',
    () => ['id,doc\n1,a\n2,"', ...times(25, BLOCK)],
  ],
  'CSV with a quote that is never closed': ['a.csv', () => ['id,doc\n1,"a\nb"\n2,"b\n3,c\n']],
  'JSON nested deep, declared': [
    'a.ndjson',
    () => ['{"id":1,"doc":null}\n', `{"id":2,"doc":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}\n`],
  ],
  'JSON nested deep without its end': [
    'a.ndjson',
    () => ['{"id":1}\n', `{"id":2,"doc":${'{"a":'.repeat(DEEP)}\n`],
  ],
  'JSON nested deep, not declared': [
    'a.ndjson',
    () => [`{"id":1,"doc":null,"other":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}\n`],
  ],
  'a line that is brackets alone': ['a.ndjson', () => ['{"id":1}\n', '['.repeat(8 * MIB), '\n']],
  'JSON with a member twice, of 8 MB': [
    'a.ndjson',
    () => [`{"id":1,"${'k'.repeat(8 * MIB)}":1,"${'k'.repeat(8 * MIB)}":2}\n`],
  ],
  'JSON with 200,000 members': [
    'a.ndjson',
    () => [
      `{"id":1,"doc":null${Array.from({ length: 200_000 }, (_, index) => `,"m${index}":${index}`).join('')}}\n`,
    ],
  ],
  'a number of 10,000,000 digits': ['a.ndjson', () => [`{"id":${'9'.repeat(10_000_000)},"doc":null}\n`]],
  'CSV of a million columns without ours': ['a.csv', () => [`${WIDE.join(',')}\n`]],
  'CSV of a million columns': ['a.csv', () => [`id,doc,${WIDE.join(',')}\n1\n`]],
  'CSV with a column twice': ['a.csv', () => ['id,doc,id\n1,a,2\n']],
  'CSV with its header again': ['a.csv', () => ['id,doc\n1,a\nid,doc\n2,b\n']],
  'bytes of no text': ['a.ndjson', () => times(64, Buffer.alloc(1024, 0xff))],
  'Parquet that is none': ['a.parquet', () => times(8, Buffer.from('PAR1'.repeat(MIB / 4)))],
}

const model = modelSchema.parse({
  ...{ name: 'm', source: 's', files: { path: 'x' }, primaryKey: ['id'] },
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'doc', type: 'json' },
  ],
})

/** What one file ends in. */
async function outcomeOf(file: string): Promise<object> {
  const source = sourceSchema.parse({ name: 's', type: 'files', base: '.' })
  const signal = AbortSignal.timeout(60_000)
  const noS3 = () => Promise.reject(new Error('local files'))
  const deps = { folder, s3: noS3, network: { allowedHosts: new Set<string>() } }
  try {
    const { rowCount, files } = await stageModel({
      ...{ model, window: {}, partitionedBy: [], knownDigest: undefined, encoders },
      batches: readFiles(deps, source, { ...model.files, path: file }, signal),
      s3: {
        putObject: async () => ({ ETag: '"e"' }),
        createMultipartUpload: async () => ({ UploadId: 'u' }),
        uploadPart: async () => ({ ETag: '"p"' }),
        completeMultipartUpload: async () => ({ ETag: '"m"' }),
        abortMultipartUpload: async () => {},
        deleteObject: async () => {},
      },
      ...{ bucket: 'b', prefix: 'p/', rejectedPrefix: 'r/', workDir: join(folder, 'work'), signal },
      onProgress: () => {},
    })
    return { rowCount, fileCount: files.length }
  } catch (thrown) {
    const { code, message } = toTransferError(thrown)
    return { code, message: message.slice(0, 2000), length: message.length }
  }
}

for (const [name, [file, chunks]] of Object.entries(CASES)) {
  const path = join(folder, file)
  await writeFile(path, '')
  const handle = await open(path, 'a')
  for (const chunk of chunks()) await handle.appendFile(chunk)
  await handle.close()
  const beganMs = performance.now()
  const outcome = await outcomeOf(file)
  process.stdout.write(
    `${JSON.stringify({ name, ms: Math.round(performance.now() - beganMs), ...outcome })}\n`,
  )
  await rm(path)
}
clearInterval(sampling)
process.stdout.write(`${JSON.stringify({ worker: peakOf('self'), encoder: encoderPeak })}\n`)
await encoders.close()
await rm(folder, { recursive: true })
