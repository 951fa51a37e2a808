import { setTimeout as delay } from 'node:timers/promises'
import { AwsError, type Faults } from './services.ts'
import type { Protocol } from './sigv4/errors.ts'

/** One switched-on fault. */
interface Fault {
  /** `<service>.<Action>.<kind>`, such as `glue.UpdateTable.throttle`; `*` as action means any. */
  readonly name: string
  /** How often it still happens. */
  readonly times: number
  /** Only to requests whose subject (S3: `bucket/key`, Glue and STS: the body) contains this text. */
  readonly match?: string | undefined
  /** For `.slow`: milliseconds. */
  readonly delayMs?: number | undefined
}

/** `Faults` with its switches, for the admin API and the HTTP services. */
export interface FaultSwitches extends Faults {
  take(name: string, subject?: string): boolean
  set(fault: Fault): void
  list(): readonly Fault[]
  clear(): void
  /**
   * Runs one action of a service under its switches: `.throttle`, `.500`, `.503` fail before any effect, `.slow` waits
   * first, `.reset-after-commit` destroys the connection once the effect is done.
   * @throws {ConnectionReset} for the last.
   */
  run<Result>(site: FaultSite, work: () => Promise<Result>): Promise<Result>
}

/** Where faults may strike. */
export interface FaultSite {
  /** `<service>.<Action>`. */
  readonly name: string
  /** What `match` looks into. */
  readonly subject: string
  readonly protocol: Protocol
  /** `own`: the service words its throttling itself, and `.throttle` is left to it. */
  readonly throttling: 'common' | 'own'
}

/** Tells the server to destroy the connection instead of answering. */
export class ConnectionReset extends Error {}

/** How long `.slow` waits unless told, in milliseconds. */
const DEFAULT_DELAY_MS = 2000

/** All faults are off at first; they are kept in memory alone. */
export function createFaults(): FaultSwitches {
  const switches = new Map<string, Fault>()
  const takeFault = (name: string, subject: string): Fault | undefined => {
    const fault = switches.get(name)
    if (!fault || !subject.includes(fault.match ?? '')) return undefined
    if (fault.times <= 1) switches.delete(name)
    else switches.set(name, { ...fault, times: fault.times - 1 })
    return fault
  }
  const takeKind = (name: string, kind: string, subject: string): Fault | undefined =>
    takeFault(`${name}.${kind}`, subject) ??
    takeFault(`${name.slice(0, name.indexOf('.'))}.*.${kind}`, subject)
  return {
    take: (name, subject = '') => takeFault(name, subject) !== undefined,
    set: fault => void switches.set(fault.name, fault),
    list: () => [...switches.values()],
    clear: () => switches.clear(),
    async run({ name, subject, protocol, throttling }, work) {
      const slow = takeKind(name, 'slow', subject)
      if (slow) await delay(slow.delayMs ?? DEFAULT_DELAY_MS)
      const kinds = throttling === 'own' ? (['500', '503'] as const) : (['throttle', '500', '503'] as const)
      for (const kind of kinds) {
        if (takeKind(name, kind, subject)) throw faultError(kind, protocol)
      }
      const result = await work()
      if (takeKind(name, 'reset-after-commit', subject)) throw new ConnectionReset()
      return result
    },
  }
}

function faultError(kind: 'throttle' | '500' | '503', protocol: Protocol): AwsError {
  if (kind === '503') return new AwsError('ServiceUnavailable', 503, 'Service is unable to handle request.')
  if (kind === '500') {
    const code = { s3: 'InternalError', query: 'InternalFailure', json: 'InternalServiceException' }[protocol]
    return new AwsError(code, 500, 'We encountered an internal error. Please try again.')
  }
  if (protocol === 's3') return new AwsError('SlowDown', 503, 'Please reduce your request rate.')
  return new AwsError(protocol === 'query' ? 'Throttling' : 'ThrottlingException', 400, 'Rate exceeded')
}
