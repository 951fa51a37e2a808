import { join } from 'node:path'
import { MACROS } from './macros.ts'
import { type Session, startSession } from './session.ts'

/** Hands out DuckDB processes, a bounded number at a time. */
export interface SessionPool {
  /** Runs `work` with a fresh database; waits while all processes are busy. An abort interrupts the running statement. */
  use<Result>(options: SessionOptions, work: (session: Session) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** What one use of a session needs. */
export interface SessionOptions {
  readonly temporaryDirectory: string
  readonly signal: AbortSignal
}

/** How many queries have an engine at once; more wait as QUEUED queries do. */
const MAX_SESSIONS = 4

/** How long an interrupted statement may take to give up before its process is ended, in milliseconds. */
const INTERRUPT_GRACE_MS = 3000

/** Starts no process before the first query. */
export function createSessionPool(): SessionPool {
  const idle: Session[] = []
  const all = new Set<Session>()
  const queue: (() => void)[] = []
  let busy = 0
  const acquire = async (): Promise<Session> => {
    if (busy >= MAX_SESSIONS) await new Promise<void>(resolve => queue.push(resolve))
    busy += 1
    const session = idle.pop() ?? startSession()
    all.add(session)
    return session
  }
  const release = (session: Session): void => {
    busy -= 1
    if (session.isAlive) idle.push(session)
    else all.delete(session)
    queue.shift()?.()
  }
  return {
    async use(options, work) {
      const session = await acquire()
      const unwatch = watchAbort(session, options.signal)
      try {
        options.signal.throwIfAborted()
        await openDatabase(session, options)
        return await work(session)
      } finally {
        unwatch()
        if (session.isAlive) await session.close().catch(() => session.kill())
        release(session)
      }
    },
    async close() {
      for (const session of all) session.kill()
    },
  }
}

function watchAbort(session: Session, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    session.interrupt()
    timer = setTimeout(() => session.kill(), INTERRUPT_GRACE_MS)
  }
  signal.addEventListener('abort', stop, { once: true })
  return () => {
    signal.removeEventListener('abort', stop)
    clearTimeout(timer)
  }
}

async function openDatabase(session: Session, options: SessionOptions): Promise<void> {
  await session.open({
    threads: '2',
    memory_limit: '2GB',
    temp_directory: join(options.temporaryDirectory, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const settings = [
    'SET preserve_insertion_order = false',
    "SET TimeZone = 'UTC'",
    'SET ieee_floating_point_ops = true',
    // It carries values in the form of sort keys, which have one zero for both.
    "SET disabled_optimizers = 'top_n_window_elimination'",
  ]
  await session.run([...settings, ...MACROS].join(';\n'))
}
