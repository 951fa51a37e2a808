import { rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { compressionOf, decompress } from '../sources/decompress.ts'
import { readWhole } from '../sources/local-files.ts'
import type { SingerInput } from '../sources/singer/read-singer.ts'
import type { Context } from './context.ts'

/** What `run --singer` takes. */
export interface SingerOptions {
  /** A path (`.gz` and `.zst` are unpacked), or `-` for standard input. */
  readonly singer: string
  /** A file for STATE. Default: standard output, when the input is standard input; otherwise it is told nowhere. */
  readonly state?: string
}

/** True when standard output holds STATE values alone. */
export function isStateOnStdout({ singer, state }: SingerOptions): boolean {
  return singer === '-' && state === undefined
}

/** The input's bytes; nothing is opened before they are asked for. */
export function openInput({ singer }: SingerOptions, signal: AbortSignal): SingerInput {
  if (singer === '-') return { file: 'standard input', chunks: addAbortSignal(signal, process.stdin) }
  const packed = readWhole(resolve(singer), singer, signal)
  return { file: singer, chunks: decompress(packed, compressionOf(singer), singer) }
}

/** Tells a STATE value, spelled as in the input: a line of standard output, or all of the state file. */
export async function tellState(context: Context, options: SingerOptions, value: string): Promise<void> {
  if (isStateOnStdout(options)) context.output.line(value)
  if (options.state === undefined) return
  const path = resolve(options.state)
  await writeFile(`${path}.new`, `${value}\n`)
  await rename(`${path}.new`, path)
}
