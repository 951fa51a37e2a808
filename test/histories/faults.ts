import { TransferError } from '../../src/domain/errors.ts'

/** Where an attempt fails: at which of its AWS calls, and whether before the call or with its effect. */
export interface Fault {
  readonly call: number
  readonly isAfter: boolean
}

/** Counts calls of clients, tells their names, and lets one of them fail. */
export interface CallWatch {
  /** Names of the calls so far, in order. */
  readonly calls: readonly string[]
  /** The same client, watched. */
  watch<Client extends object>(client: Client): Client
}

/** A watch of one attempt. */
export function watchCalls(fault: Fault | undefined): CallWatch {
  const calls: string[] = []
  const called = async (name: string, call: () => unknown): Promise<unknown> => {
    const isFaulty = calls.push(name) - 1 === fault?.call
    if (isFaulty && !fault.isAfter) throw failure(name)
    const answer = await call()
    if (isFaulty) throw failure(name)
    return answer
  }
  return {
    calls,
    watch: client =>
      new Proxy(client, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function' || typeof name !== 'string') return member
          return (...args: readonly unknown[]) => called(name, () => Reflect.apply(member, target, args))
        },
      }),
  }
}

function failure(name: string): TransferError {
  return new TransferError('AWS_UNAVAILABLE', `${name}: a fault of the history`)
}
