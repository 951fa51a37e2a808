import { AsyncLocalStorage } from 'node:async_hooks'
import { z } from 'zod'
import type { TransferDeps } from '../../src/transfer/ports.ts'

/**
 * How an attempt ends at a call: killed before the call has its effect, or with it and before it is known; or it sleeps
 * there, is taken for dead, and wakes once others have gone on.
 */
export const ENDS = ['killed before', 'killed after', 'asleep before'] as const

/** One of them. */
export type End = (typeof ENDS)[number]

/** One attempt whose calls are counted, and that ends at one of them. */
export interface Attempt {
  /** Names of the calls so far, in order; looks at one query again and again are one, and signs of life none. */
  readonly calls: readonly string[]
  /** Of the journal, as this attempt left it last; undefined before it took the table. */
  journalState(): string | undefined
  /** Runs a transfer whose watched calls are this attempt's. Rejects when it is killed; the signal then ends its processes. */
  run<Result>(transfer: (killed: AbortSignal) => Promise<Result>): Promise<Result>
  /** Resolves once it sleeps. */
  readonly asleep: Promise<void>
  wake(): void
}

type Call = (name: string, args: readonly unknown[], call: () => Promise<unknown>) => Promise<unknown>

const current = new AsyncLocalStorage<Call>()

/** An attempt that ends at its call of that index; undefined lets it run through. */
export function newAttempt(at?: { readonly call: number; readonly end: End }): Attempt {
  const calls: string[] = []
  const [sleeping, waking] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const [death, ending] = [Promise.withResolvers<never>(), new AbortController()]
  let journalState: string | undefined
  /** Of a dead process no call has an effect: whatever it still does to put things right is none. */
  const die = (): never => {
    const killed = new Error('killed')
    ending.abort()
    death.reject(killed)
    throw killed
  }
  const perform: Call = async (name, args, call) => {
    const answer = await call()
    if (name === 'replace' && answer === true) journalState = stateIn(args)
    return answer
  }
  const onCall: Call = async (name, args, call) => {
    if (ending.signal.aborted) return die()
    const isLast = isStep(name, args, calls) && calls.push(name) - 1 === at?.call
    if (!isLast) return perform(name, args, call)
    if (at.end === 'killed before') return die()
    if (at.end === 'asleep before') {
      sleeping.resolve()
      await waking.promise
    }
    const answer = await perform(name, args, call)
    return at.end === 'killed after' ? die() : answer
  }
  return {
    calls,
    journalState: () => journalState,
    run: transfer => Promise.race([current.run(onCall, () => transfer(ending.signal)), death.promise]),
    asleep: sleeping.promise,
    wake: waking.resolve,
  }
}

/** False for what goes on beside a load and comes as often as time passes: looks at its query, and signs of life. */
function isStep(name: string, args: readonly unknown[], calls: readonly string[]): boolean {
  if (name === 'renew') return args[2] === 0
  return name !== 'getQueryExecution' || calls.at(-1) !== name
}

const replaceSchema = z
  .tuple([z.unknown(), z.unknown(), z.object({ position: z.object({ state: z.string() }) })])
  .rest(z.unknown())

function stateIn(args: readonly unknown[]): string {
  return replaceSchema.parse(args)[2].position.state
}

/** All calls by which an attempt changes something, or learns what became of its query. */
const WATCHED: ReadonlySet<string> = new Set([
  ...['putObject', 'deleteObject', 'createDatabase', 'createTable', 'updateTable', 'deleteTable'],
  ...['startQueryExecution', 'stopQueryExecution', 'getQueryExecution', 'getQueryResults'],
  ...['replace', 'renew', 'write'],
])

/** Waits shorter than this, in milliseconds, are those between two looks at a query, and are cut to a twentieth. */
const LONG_WAIT_MS = 5_000

/** The same dependencies, whose calls are those of the attempt that runs; of nobody outside of one. */
export function watched(deps: TransferDeps): TransferDeps {
  const { clock } = deps
  return {
    ...deps,
    clock: {
      ...clock,
      sleep: (ms, signal) => clock.sleep(ms < LONG_WAIT_MS ? ms / 20 : ms, signal),
    },
    states: through(deps.states),
    journal: through(deps.journal),
    connect: async destination => {
      const { s3, glue, athena, ...clients } = await deps.connect(destination)
      return { ...clients, s3: through(s3), glue: through(glue), athena: through(athena) }
    },
  }
}

function through<Client extends object>(client: Client): Client {
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || !WATCHED.has(String(name))) return member
      return (...args: unknown[]): Promise<unknown> => {
        const call = (): Promise<unknown> => Reflect.apply(member, target, args)
        const onCall = current.getStore()
        return onCall ? onCall(String(name), args, call) : call()
      }
    },
  })
}
