/**
 * The whole lane on one Trino, whose start and first statements are what costs most: the tests of the engine, then the
 * comparison, which takes the arguments.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findJava } from '../../src/stand-in/athena/trino/find-java.ts'
import { installTrino } from '../../src/stand-in/athena/trino/install.ts'
import { startTrino } from '../../src/stand-in/athena/trino/server.ts'
import { SHARED_TRINO } from '../support/stand-in.ts'

const STEPS = [
  ['vitest', 'run', '--project', 'trino', '--reporter=default'],
  ['node', 'test/trino/main.ts', ...process.argv.slice(2)],
]

const folder = await mkdtemp(join(tmpdir(), 'trino-'))
try {
  // What is missing is said once, in one line.
  console.log(`Java: ${await findJava()}\nTrino: ${await installTrino()}`)
  const trino = await startTrino(folder)
  try {
    process.exitCode = await runSteps(trino.url)
  } finally {
    await trino.stop()
  }
} catch (error) {
  console.error(`The Trino lane cannot run. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** The exit code of the first step that fails; 0 when none does. */
async function runSteps(trinoUrl: string): Promise<number> {
  for (const [program = '', ...args] of STEPS) {
    const env = { ...process.env, [SHARED_TRINO]: trinoUrl }
    const child = spawn(program, args, { stdio: 'inherit', env })
    const [code] = await once(child, 'exit')
    if (code !== 0) return typeof code === 'number' ? code : 1
  }
  return 0
}
