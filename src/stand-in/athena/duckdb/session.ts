import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { namedError } from '../query-error.ts'
import { toQueryError } from './duckdb-error.ts'
import { answerSchema } from './session-messages.ts'

/** One row as DuckDB's JSON converter gives it: 64-bit integers, decimals and moments as texts. */
type Row = Readonly<Record<string, unknown>>

/** A DuckDB in a child process. */
export interface Session {
  /** Opens a fresh in-memory database with these settings. */
  open(settings: Readonly<Record<string, string>>): Promise<void>
  run(sql: string): Promise<void>
  all(sql: string): Promise<readonly Row[]>
  /** Rows as arrays, a few thousand at a time. */
  stream(sql: string): AsyncIterable<readonly (readonly unknown[])[]>
  /** Drops the database. */
  close(): Promise<void>
  interrupt(): void
  readonly isAlive: boolean
  /** Ends the process at once. */
  kill(): void
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

const rowsSchema = z.array(z.record(z.string(), z.unknown()))
const batchSchema = z.array(z.array(z.unknown())).nullable()

/** Starts a DuckDB child process. */
export function startSession(): Session {
  const child = forkChild()
  const waiting = new Map<number, Waiting>()
  const ask = createAsk(child, waiting)
  child.on('message', message => settle(waiting, message))
  child.on('exit', () => {
    const error = namedError('GENERIC_INTERNAL_ERROR', 'The SQL engine ended unexpectedly')
    for (const one of waiting.values()) one.reject(error)
    waiting.clear()
  })
  return {
    open: async settings => void (await ask({ kind: 'open', settings })),
    run: async sql => void (await ask({ kind: 'all', sql })),
    all: async sql => rowsSchema.parse(await ask({ kind: 'all', sql })),
    async *stream(sql) {
      await ask({ kind: 'stream', sql })
      for (;;) {
        const batch = batchSchema.parse(await ask({ kind: 'next' }))
        if (!batch) return
        yield batch
      }
    },
    close: async () => void (await ask({ kind: 'close' })),
    interrupt: () => void (child.connected && child.send({ kind: 'interrupt' })),
    get isAlive() {
      return child.connected && child.exitCode === null
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

function forkChild(): ChildProcess {
  // The built program has no .ts files: the child has this file's own ending.
  const here = fileURLToPath(import.meta.url)
  const file = here.replace(/session(\.[jt]s)$/, `session-child${extname(here)}`)
  return fork(file, { execArgv: [], serialization: 'json', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

type Question = Readonly<Record<string, unknown>>

function createAsk(
  child: ChildProcess,
  waiting: Map<number, Waiting>,
): (question: Question) => Promise<unknown> {
  let lastId = 0
  return question =>
    new Promise((resolve, reject) => {
      lastId += 1
      const id = lastId
      if (!child.connected) {
        reject(namedError('GENERIC_INTERNAL_ERROR', 'The SQL engine is not running'))
        return
      }
      waiting.set(id, { resolve, reject })
      child.send({ ...question, id })
    })
}

function settle(waiting: Map<number, Waiting>, message: unknown): void {
  const answer = answerSchema.parse(message)
  const one = waiting.get(answer.id)
  waiting.delete(answer.id)
  if (answer.error === undefined) one?.resolve(answer.value)
  else one?.reject(toQueryError(answer.error))
}
