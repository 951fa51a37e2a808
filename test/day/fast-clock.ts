import { execFile } from 'node:child_process'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCE = fileURLToPath(new URL('clock.c', import.meta.url))

/**
 * What a process needs in its environment so that it, and every process it starts, lives `factor` times as fast once
 * `speedUp` was called: timers and clocks of Node and of Redis alike, so that all of the product's times keep their proportions.
 * Linux, and a C compiler.
 */
export async function buildFastClock(
  factor: number,
  folder: string,
): Promise<Readonly<Record<string, string>>> {
  const library = join(folder, 'clock.so')
  await promisify(execFile)('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library, SOURCE])
  const clock = join(folder, 'clock')
  await writeFile(clock, new BigInt64Array([0n]))
  return { LD_PRELOAD: library, DAY_FACTOR: String(factor), DAY_CLOCK: clock }
}

/** Lets time pass faster from now on, in all processes that share the clock. */
export async function speedUp(): Promise<void> {
  const clock = await open(process.env.DAY_CLOCK ?? '', 'r+')
  await clock.write(new BigInt64Array([process.hrtime.bigint()]))
  await clock.close()
}
