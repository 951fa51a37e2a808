import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Worker processes of the product, each replaced as soon as it has ended. */
export interface WorkerPool {
  readonly count: number
  /** Sends a signal to one of them. */
  signal(index: number, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void
  /** Ends all, and no more are started. */
  stop(): Promise<void>
}

/** How long after its end a worker is replaced, in milliseconds. */
const REPLACED_AFTER_MS = 500

/** Starts them; what each says goes to `worker-<index>.log` in the folder, over all of its lives. */
export function startWorkers(
  count: number,
  { folder, env }: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): WorkerPool {
  let isStopped = false
  const children: ChildProcess[] = []
  const start = (index: number): void => {
    const log = openSync(join(folder, `worker-${index}.log`), 'a')
    const child = spawn(process.execPath, [MAIN, 'worker'], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    })
    closeSync(log)
    children[index] = child
    child.once('exit', () => {
      if (!isStopped) setTimeout(() => !isStopped && start(index), REPLACED_AFTER_MS)
    })
  }
  for (let index = 0; index < count; index++) start(index)
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  return {
    count,
    signal: (index, signal) => void children[index]?.kill(signal),
    stop: async () => {
      isStopped = true
      await Promise.all(children.map(endOf))
    },
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  await ended
}
