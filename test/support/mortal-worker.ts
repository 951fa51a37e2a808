import { z } from 'zod'
import { createMemoryJournal, type JournalStore } from '../../src/transfer/journal.ts'
import type { TransferDeps } from '../../src/transfer/ports.ts'

/** A worker that dies, or is told something, after any of its changes, with a journal in memory that outlives it. */
export interface MortalWorker {
  /** For `startStraightLine`. */
  readonly wrap: (deps: TransferDeps) => TransferDeps
  /** The same dependencies, of a worker that does not die. */
  readonly others: () => TransferDeps
  readonly journal: JournalStore
  /** Loses the journal, as a lost Redis does. */
  readonly loseJournal: () => void
  /** Dies after the effect of the n-th change from now on, and before any other: every later call fails. */
  readonly dieAfter: (n: number) => Attempt
  /** Does something after the n-th change from now on, and lives. */
  readonly actAfter: (n: number, act: () => void) => Attempt
  /** The execution that was started last. */
  readonly lastQuery: () => string | undefined
}

/** What is to happen to a worker. */
export interface Attempt {
  /** Ends it, and tells whether it happened. */
  readonly end: () => boolean
}

/** Calls by which something changes: in the customer's account, in the journal, in what is remembered of a model. */
const CHANGES = new Set([
  'putObject',
  'deleteObject',
  'createTable',
  'updateTable',
  'deleteTable',
  'startQueryExecution',
  'replace',
  'write',
])

const startedSchema = z.looseObject({ QueryExecutionId: z.string() })

/** A worker that lives, for now. */
export function createMortalWorker(): MortalWorker {
  let kept = createMemoryJournal()
  let lastQuery: string | undefined
  let unwatched: TransferDeps | undefined
  let onCall: (name: string, call: () => Promise<unknown>) => Promise<unknown> = (_, call) => call()
  const journal: JournalStore = {
    isShared: false,
    read: table => kept.read(table),
    replace: (...args) => kept.replace(...args),
    renew: (...args) => kept.renew(...args),
  }
  const watched = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        const call = async (args: readonly unknown[]): Promise<unknown> => {
          const answer: unknown = await Reflect.apply(method, target, args)
          if (name === 'startQueryExecution') lastQuery = startedSchema.parse(answer).QueryExecutionId
          return answer
        }
        return (...args: unknown[]) => onCall(String(name), () => call(args))
      },
    })
  const after = (n: number, act: () => void): Attempt => {
    let changes = 0
    onCall = async (name, call) => {
      const answer = await call()
      if (CHANGES.has(name) && ++changes === n) act()
      return answer
    }
    return {
      end: () => {
        onCall = (_, call) => call()
        return changes >= n
      },
    }
  }
  return {
    journal,
    loseJournal: () => (kept = createMemoryJournal()),
    lastQuery: () => lastQuery,
    others: () => {
      if (!unwatched) throw new Error('the worker was not started')
      return unwatched
    },
    wrap: deps => {
      unwatched = { ...deps, journal }
      return {
        ...deps,
        connect: async destination => {
          const clients = await deps.connect(destination)
          const { s3, glue, athena } = clients
          return { ...clients, s3: watched(s3), glue: watched(glue), athena: watched(athena) }
        },
        states: watched(deps.states),
        journal: watched(journal),
      }
    },
    actAfter: after,
    dieAfter: n =>
      after(n, () => {
        onCall = () => Promise.reject(new Error('the worker is dead'))
        throw new Error('the worker died')
      }),
  }
}
