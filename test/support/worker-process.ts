import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './redis.ts'
import type { Workspace } from './workspace.ts'

/** The product's own worker, in a process of its own. */
export interface WorkerProcess {
  /** What it has logged so far. */
  log(): string
  /** Ends it by SIGTERM; resolves with its whole log. */
  stop(): Promise<string>
}

/** Starts a worker on a workspace, with further settings. */
export async function startWorkerProcess(
  { env }: Pick<Workspace, 'env'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, ['src/main.ts', 'worker'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, ...settings, ATHENA_TRANSFER_HTTP_PORT: String(await freePort()) },
  })
  let log = ''
  child.stdout.on('data', text => (log += text))
  return {
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
      return log
    },
  }
}
