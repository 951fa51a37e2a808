import { join } from 'node:path'
import { z } from 'zod'
import { openKeyedLog } from '../../storage/keyed-log.ts'

/** A workgroup's settings; what is absent is off, as in a fresh account. */
export const workgroupSchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9._-]{1,128}$/),
  description: z.string().default(''),
  state: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  /** `s3://…` for results of queries that name no place. */
  outputLocation: z.string().optional(),
  /** True when the workgroup's settings win over those of the call. */
  enforcesConfiguration: z.boolean().default(false),
  /** True when Athena keeps results itself. */
  managesResults: z.boolean().default(false),
  /** Bytes one query may scan. */
  scanLimitBytes: z.number().optional(),
  requesterPays: z.boolean().default(false),
  /** The engine that queries run on; 2 has no MERGE. */
  engineVersion: z.union([z.literal(2), z.literal(3)]).default(3),
  createdAtMs: z.number().default(() => Date.now()),
})

/** A workgroup. */
export type Workgroup = z.infer<typeof workgroupSchema>

/** What a workgroup can be made from. */
export type WorkgroupInput = z.input<typeof workgroupSchema>

/** Where a workgroup lives. */
export interface Home {
  readonly accountId: string
  readonly region: string
}

/** Where a workgroup is put. */
export interface WorkgroupHome {
  readonly accountId: string
  readonly region: string | undefined
}

/** Keeps workgroups, by account and region. */
export interface WorkgroupStore {
  /** Every account has `primary` in every region. */
  get(home: Home, name: string): Workgroup | undefined
  list(home: Home): readonly Workgroup[]
  /** Without a region the workgroup is there in every region that has none of its own by that name. */
  put(home: WorkgroupHome, workgroup: WorkgroupInput): Promise<void>
  close(): Promise<void>
}

/** The workgroup that exists without having been made. */
export const PRIMARY = 'primary'

/** Opens the store under `dataDir`. */
export async function openWorkgroups(dataDir: string): Promise<WorkgroupStore> {
  const log = await openKeyedLog(join(dataDir, 'workgroups.ndjson'), workgroupSchema)
  const openedAtMs = Date.now()
  const primary = workgroupSchema.parse({ name: PRIMARY, createdAtMs: openedAtMs })
  const store: WorkgroupStore = {
    get: (home, name) =>
      log.get(keyOf(home, name)) ??
      log.get(keyOf({ ...home, region: undefined }, name)) ??
      (name === PRIMARY ? primary : undefined),
    list(home) {
      const prefixes = [keyOf({ ...home, region: undefined }, ''), keyOf(home, '')]
      const byName = new Map([[PRIMARY, primary]])
      for (const prefix of prefixes) {
        for (const [key, value] of log.entries()) if (key.startsWith(prefix)) byName.set(value.name, value)
      }
      return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    put: (home, workgroup) => log.set(keyOf(home, workgroup.name), workgroupSchema.parse(workgroup)),
    close: () => log.close(),
  }
  return store
}

function keyOf(home: WorkgroupHome, name: string): string {
  return `${home.accountId}/${home.region ?? '*'}/${name}`
}
