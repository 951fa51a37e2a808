import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { pythonWith } from '../support/python.ts'
import type { Client } from './clients.ts'

const run = promisify(execFile)

/** How long one client's script may take, in milliseconds. */
const SCRIPT_TIMEOUT_MS = 300_000

const operationSchema = z.object({ operation: z.string(), result: z.string() })

/** One operation as the script tells it: `ok`, `refused: …` where it must be refused, or an error's text. */
export type Operation = z.infer<typeof operationSchema>

/** Runs a client's script in a venv with its pinned packages; operations that a dead script did not tell count as failed. */
export async function runScript(
  folder: string,
  client: Client,
  env: Readonly<Record<string, string>>,
): Promise<readonly Operation[]> {
  const python = await pythonWith(await readRequirements(join(folder, client.requirements)))
  const { stdout, stderr } = await runToEnd(python, join(folder, 'python', client.script), env)
  if (process.env.LANE_TRACE !== undefined) process.stderr.write(stderr)
  const lines = stdout.split('\n').filter(line => line.startsWith('{"operation"'))
  const told = lines.map(line => operationSchema.parse(JSON.parse(line)))
  const missing = client.operationCount - told.length
  if (missing === 0) return told
  return [...told, { operation: `${missing} operations more`, result: `not told: ${stderr.slice(-500)}` }]
}

async function readRequirements(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8')
  return text.split('\n').filter(line => line !== '')
}

async function runToEnd(
  python: string,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    const options = {
      env: { ...process.env, ...env },
      timeout: SCRIPT_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    }
    return await run(python, [script], options)
  } catch (error) {
    return diedSchema.parse(error)
  }
}

const diedSchema = z.object({ stdout: z.string(), stderr: z.string() })
