import { quotaScopeOf } from '../domain/destination.ts'
import { ATHENA_RATES, type LimitedCall } from '../domain/rate.ts'
import type { AthenaPort } from '../query/athena-port.ts'
import type { RateLimiter } from '../queue/rate-limiter.ts'
import type { TransferDeps } from '../transfer/ports.ts'

/** Clients whose calls of Athena keep to its rates, shared by all workers; an abort ends a wait, and the call goes out. */
export function limitedConnect(
  connect: TransferDeps['connect'],
  limiter: RateLimiter,
  signal?: AbortSignal,
): TransferDeps['connect'] {
  return async destination => {
    const clients = await connect(destination)
    const scope = quotaScopeOf(destination)
    const turn = (call: LimitedCall): Promise<void> =>
      limiter.turn({ scope: `${scope}:${call}`, rate: ATHENA_RATES[call] }, signal)
    return { ...clients, athena: limited(clients.athena, turn) }
  }
}

function limited(athena: AthenaPort, turn: (call: LimitedCall) => Promise<void>): AthenaPort {
  return {
    startQueryExecution: async (input, options) => {
      await turn('StartQueryExecution')
      return athena.startQueryExecution(input, options)
    },
    getQueryExecution: async (input, options) => {
      await turn('GetQueryExecution')
      return athena.getQueryExecution(input, options)
    },
    getQueryResults: async (input, options) => {
      await turn('GetQueryResults')
      return athena.getQueryResults(input, options)
    },
    getWorkGroup: input => athena.getWorkGroup(input),
    stopQueryExecution: (input, options) => athena.stopQueryExecution(input, options),
  }
}
