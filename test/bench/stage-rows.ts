/** Stages the bench file into S3 and prints what it took, as one line of JSON. A process of its own, so that its CPU is its own. */
import { tmpdir } from 'node:os'
import { basename, dirname } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { S3 } from '@aws-sdk/client-s3'
import { sourceSchema } from '../../src/domain/source.ts'
import { readFiles } from '../../src/sources/read-files.ts'
import { createEncoderPool } from '../../src/staging/encoder-pool.ts'
import { stageModel } from '../../src/staging/stage-model.ts'
import { BENCH_MODEL } from './billing-rows.ts'
import { cpuSeconds, residentBytes } from './cpu.ts'

const [, , path = '', warmUpPath = '', bucket = '', region = '', endpoint = ''] = process.argv
const s3 = new S3({ region, endpoint, forcePathStyle: true })

const source = sourceSchema.parse({ name: 'bench', type: 'files', base: dirname(path) })
const signal = new AbortController().signal
const encoders = createEncoderPool()
const deps = { folder: '/', s3: async () => s3, network: { allowedHosts: new Set<string>() } }

const stage = (file: string, prefix: string) =>
  stageModel({
    model: BENCH_MODEL,
    batches: readFiles(deps, source, { ...BENCH_MODEL.files, path: basename(file) }, signal),
    window: {},
    partitionedBy: [],
    knownDigest: undefined,
    encoders,
    s3,
    bucket,
    prefix,
    rejectedPrefix: 'rejected/',
    workDir: tmpdir(),
    signal,
    onProgress: () => {},
  })

// A worker has loaded its code long before; the baseline's is loaded before it is measured, too.
await stage(warmUpPath, 'warm-up/')

let peakBytes = 0
const sampler = setInterval(() => {
  peakBytes = Math.max(peakBytes, residentBytes())
}, 50)
const delay = monitorEventLoopDelay({ resolution: 5 })
const cpuBefore = cpuSeconds()
const startedMs = performance.now()
delay.enable()
const staged = await stage(path, 'bench/')
delay.disable()
clearInterval(sampler)
const wallMs = performance.now() - startedMs
console.log(
  JSON.stringify({
    rows: staged.rowCount,
    files: staged.files.length,
    cpuSeconds: cpuSeconds() - cpuBefore,
    wallSeconds: wallMs / 1000,
    peakBytes,
    eventLoopP99Ms: delay.percentile(99) / 1e6,
  }),
)
