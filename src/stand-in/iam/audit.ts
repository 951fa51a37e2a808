import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** One decision about one action on one resource. */
interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly callerArn: string
  readonly accountId: string
  readonly action: string
  readonly resource: string
  readonly allowed: boolean
  /** Why: the statement's Sid, or what was missing. */
  readonly reason: string
}

/** Which entries a reader wants; a missing member means any. Texts match as substrings, `action` without case. */
interface AuditFilter {
  readonly accountId?: string | undefined
  readonly action?: string | undefined
  readonly resource?: string | undefined
  readonly allowed?: boolean | undefined
}

/** Every decision the stand-in made, oldest first. */
export interface Audit {
  record(entry: AuditEntry): void
  find(filter: AuditFilter): readonly AuditEntry[]
  /** Empties the memory; the file keeps its lines. */
  clear(): void
  /** Resolves when the file has every entry. */
  close(): Promise<void>
}

/** Entries kept in memory; older ones are in the file only. */
const RING_SIZE = 100_000

/** Opens the audit: the last 100,000 entries in memory, all of them as JSON lines in `file`. */
export async function openAudit(file: string): Promise<Audit> {
  await mkdir(dirname(file), { recursive: true })
  const ring: AuditEntry[] = []
  let pending: string[] = []
  let writing: Promise<void> = Promise.resolve()
  const flush = async (): Promise<void> => {
    const lines = pending
    pending = []
    if (lines.length > 0) await appendFile(file, lines.join(''))
  }
  return {
    record(entry) {
      ring.push(entry)
      if (ring.length > RING_SIZE + RING_SIZE / 10) ring.splice(0, ring.length - RING_SIZE)
      pending.push(`${JSON.stringify(entry)}\n`)
      if (pending.length === 1) writing = writing.then(flush)
    },
    find: filter => ring.filter(entry => fits(entry, filter)),
    clear: () => ring.splice(0),
    close: () => writing,
  }
}

function fits(entry: AuditEntry, filter: AuditFilter): boolean {
  if (filter.accountId !== undefined && entry.accountId !== filter.accountId) return false
  if (filter.allowed !== undefined && entry.allowed !== filter.allowed) return false
  if (filter.resource !== undefined && !entry.resource.includes(filter.resource)) return false
  return filter.action === undefined || entry.action.toLowerCase().includes(filter.action.toLowerCase())
}
