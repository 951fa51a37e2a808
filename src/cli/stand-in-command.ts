import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The stand-in's program: `.ts` unbuilt, `.js` built. It is started as a process of its own and shares no code. */
const PROGRAM = fileURLToPath(import.meta.url).replace(/cli\/stand-in-command(\.[tj]s)$/, 'stand-in/main$1')

/** Runs the local stand-in of AWS with the arguments given, until it ends or the signal aborts. Returns its exit code. */
export async function standInCommand(args: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'inherit' })
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 0
}
