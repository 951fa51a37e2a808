import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** One decision of the stand-in's IAM. */
interface AuditEntry {
  readonly time: string
  readonly callerArn: string
  readonly accountId: string
  readonly action: string
  readonly resource: string
  readonly allowed: boolean
  readonly reason: string
}

/** A fault to switch on, such as `glue.UpdateTable.throttle`; see src/stand-in/README.md. */
interface FaultRequest {
  readonly name: string
  readonly times?: number
  readonly match?: string
  readonly delayMs?: number
}

/** A token to mint; `subject` defaults to the identity provider's own service account. */
export interface TokenRequest {
  readonly audience: string
  readonly subject?: string
  readonly authorizedParty?: string | null
  readonly issuer?: string
  readonly expiresInSeconds?: number
}

/** The stand-in in a process of its own, with its admin API as functions. */
export interface TestStandIn {
  /** The same after a restart. */
  readonly url: string
  readonly dataDir: string
  /** Any call of the admin API; `path` is relative to `/_stand-in/`. Fails with the API's message. */
  admin(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>
  mintToken(request: TokenRequest): Promise<string>
  /** Decisions so far, oldest first. */
  audit(filter?: Readonly<Record<string, string>>): Promise<readonly AuditEntry[]>
  clearAudit(): Promise<void>
  setFault(fault: FaultRequest): Promise<void>
  clearFaults(): Promise<void>
  /** Ends the process and starts it again on the same port and data, in another engine if named; `SIGKILL` is a crash. */
  restart(signal?: 'SIGTERM' | 'SIGKILL', engine?: EngineName): Promise<void>
  /** Ends the process and removes its data. */
  stop(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../../src/stand-in/main.ts', import.meta.url))

/** The SQL engines that the stand-in can run behind Athena. */
export type EngineName = 'duckdb' | 'trino'

/** How long a start may take, in milliseconds; Trino's first one downloads it. */
const START_TIMEOUT_MS = { duckdb: 30_000, trino: 2_000_000 } as const satisfies Record<EngineName, number>

interface RunningProcess {
  readonly url: string
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Where a Trino listens that all stand-ins of a lane share; unset, each starts its own. */
export const SHARED_TRINO = 'STAND_IN_TRINO_URL'

/** Which Trino a stand-in uses: the lane's, if there is one, or always its own. */
export interface StandInStart {
  readonly trino: 'shared' | 'own'
}

/** Starts the stand-in on a free port with an empty data folder of its own. */
export async function startStandIn(
  engine: EngineName = 'duckdb',
  { trino }: StandInStart = { trino: 'shared' },
): Promise<TestStandIn> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stand-in-'))
  const trinoUrl = trino === 'shared' ? process.env[SHARED_TRINO] : undefined
  let running = await launch({ engine, dataDir, port: 0, trinoUrl })
  const { url } = running
  const admin: TestStandIn['admin'] = (method, path, body) => callAdmin(url, method, path, body)
  return {
    url,
    dataDir,
    admin,
    mintToken: async request => tokenSchema.parse(await admin('POST', 'tokens', request)).token,
    async audit(filter = {}) {
      return auditSchema.parse(await admin('GET', `audit?${new URLSearchParams(filter)}`)).entries
    },
    clearAudit: async () => void (await admin('DELETE', 'audit')),
    setFault: async fault => void (await admin('PUT', 'faults', fault)),
    clearFaults: async () => void (await admin('DELETE', 'faults')),
    async restart(signal = 'SIGTERM', other = engine) {
      await running.end(signal)
      running = await launch({ engine: other, dataDir, port: Number(new URL(url).port), trinoUrl })
    },
    async stop() {
      await running.end('SIGTERM')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

const tokenSchema = z.object({ token: z.string() })

const auditSchema = z.object({
  entries: z.array(
    z.object({
      time: z.string(),
      callerArn: z.string(),
      accountId: z.string(),
      action: z.string(),
      resource: z.string(),
      allowed: z.boolean(),
      reason: z.string(),
    }),
  ),
})

const readySchema = z.object({ url: z.url() })

interface Launch {
  readonly engine: EngineName
  readonly dataDir: string
  readonly port: number
  readonly trinoUrl: string | undefined
}

async function launch({ engine, dataDir, port, trinoUrl }: Launch): Promise<RunningProcess> {
  const shared = trinoUrl === undefined ? [] : ['--trino-url', trinoUrl]
  const args = [MAIN, '--data', dataDir, '--port', String(port), '--engine', engine, ...shared]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const exited = once(child, 'exit')
  const line: unknown = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(START_TIMEOUT_MS[engine]) }).then(([text]) => text),
    exited.then(([code]) =>
      Promise.reject(new Error(`the stand-in ended with code ${code} before it was ready`)),
    ),
  ])
  const { url } = readySchema.parse(JSON.parse(String(line)))
  return {
    url,
    async end(signal) {
      child.kill(signal)
      await exited
    },
  }
}

async function callAdmin(url: string, method: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(new URL(`/_stand-in/${path}`, url), {
    method,
    // An idle connection may be closed by the other side just when it is used again.
    headers: { connection: 'close' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}
