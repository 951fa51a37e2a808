import type { Clock } from '../../src/domain/clock.ts'
import type { Model } from '../../src/domain/model.ts'
import type { JournalStore, TableEntry } from '../../src/transfer/journal.ts'
import type { DestinationClients, ModelState, TransferDeps } from '../../src/transfer/ports.ts'
import type { SimulatedAthena } from './athena.ts'
import { type Rules, type Target, Violation } from './invariants.ts'
import type { Process, Scheduler } from './scheduler.ts'
import type { Row, Source } from './source.ts'

/** What lies in the bucket under a key: staged rows, or a text. */
interface StoredObject {
  readonly rows: readonly Row[]
  readonly text: string
}

/** What Glue keeps of a table. */
interface StoredTable {
  readonly location: string
  readonly parameters: Readonly<Record<string, string>>
  readonly createdMs: number
}

/** Everything that outlives a worker. */
export interface World {
  readonly objects: Map<string, StoredObject>
  /** Whole staged sets by folder: the keys that each has. */
  readonly stagedSets: Map<string, readonly string[]>
  /** Glue's tables by name. */
  readonly tables: Map<string, StoredTable>
  readonly databases: Set<string>
  readonly states: Map<string, ModelState>
  journal: { entry: TableEntry | undefined; leaseEndMs: number }
  readonly source: Source
  readonly target: Target
  readonly rules: Rules
  /** The staging table of the last load, for as long as no other transfer has had the journal. */
  lastLoad: string | undefined
  nowMs: number
}

/** The staged rows behind a staging table; a set that is not whole must never be read. */
export function readStaged(world: World, stagingTable: string): readonly Row[] {
  const location = world.tables.get(stagingTable)?.location
  if (location === undefined) throw new Violation(`staging table ${stagingTable} is gone while it is read`)
  const prefix = location.replace(/^s3:\/\/[^/]+\//, '')
  const keys = [...world.objects.keys()].filter(key => key.startsWith(prefix))
  const whole = world.stagedSets.get(prefix)
  if (!whole || whole.length !== keys.length || !whole.every(key => keys.includes(key)))
    throw new Violation(
      `a staged set is read that is not whole: ${keys.length} of ${whole?.length ?? 'unknown'} files`,
    )
  return keys.flatMap(key => world.objects.get(key)?.rows ?? [])
}

/** Notes a load that was committed: of one transfer no other staged set may follow. */
export function noteLoad(world: World, stagingTable: string): void {
  if (world.lastLoad !== undefined && transferOf(world.lastLoad) === transferOf(stagingTable))
    throw new Violation(`a transfer was loaded twice: from ${world.lastLoad}, and from ${stagingTable}`)
  world.lastLoad = stagingTable
}

/** `_transfer_staging_<transfer>_<attempt>`. */
function transferOf(stagingTable: string): string {
  return stagingTable.slice(0, stagingTable.lastIndexOf('_'))
}

/** What the straight line is given, every call of it an effect of the process. */
export function depsOf(
  world: World,
  process: Process,
  {
    scheduler,
    athena,
    model,
  }: { readonly scheduler: Scheduler; readonly athena: SimulatedAthena; readonly model: Model },
): TransferDeps {
  const effect = <Result>(name: string, apply: () => Result): Promise<Result> =>
    scheduler.effect(process, name, apply)
  return {
    connect: async () => clientsOf(world, effect, athena, model),
    async *readSource() {},
    stageModel: ({ prefix, window, knownDigest }) =>
      stage(world, effect, { prefix, from: window.from, knownDigest }),
    states: {
      read: (_, table) => effect('read state', () => world.states.get(table)),
      write: (_, table, state) => effect('write state', () => remember(world, table, state)),
    },
    journal: journalOf(world, effect),
    clock: clockOf(world, process, scheduler),
    signingKey: async () => undefined,
    workDir: 'unused',
    queryTimeoutMs: 600_000,
  }
}

type Effect = <Result>(name: string, apply: () => Result) => Promise<Result>

function clockOf(world: World, process: Process, scheduler: Scheduler): Clock {
  return {
    nowMs: () => world.nowMs,
    epochMs: () => world.nowMs,
    sleep: async (ms, signal) => {
      if (signal?.aborted) return
      const aborted = new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve()))
      await Promise.race([scheduler.pause(process, ms), aborted])
    },
    random: () => 0.5,
  }
}

function journalOf(world: World, effect: Effect): JournalStore {
  const kept = () => world.journal
  return {
    isShared: true,
    read: () =>
      effect('read journal', () => ({
        entry: kept().entry,
        leaseLeftMs: Math.max(kept().leaseEndMs - world.nowMs, 0),
        nowMs: world.nowMs,
      })),
    replace: (_, before, next, leaseMs) =>
      effect(`journal: ${next.position.state}`, () => {
        const { entry } = kept()
        if (entry?.attempt === next.attempt && entry.revision === next.revision) return true
        if (entry?.attempt !== before?.attempt || entry?.revision !== before?.revision) return false
        if (entry?.transferId !== next.transferId) world.lastLoad = undefined
        world.journal = { entry: next, leaseEndMs: world.nowMs + leaseMs }
        return true
      }),
    renew: (_, attempt, leaseMs) =>
      effect('renew lease', () => {
        if (kept().entry?.attempt !== attempt) return false
        kept().leaseEndMs = world.nowMs + leaseMs
        return true
      }),
  }
}

/** Keeps a state unless a later one is kept; whatever it says was read must have arrived by now. */
function remember(world: World, table: string, state: ModelState): void {
  const { source, target } = world
  const watermark = state.watermark === undefined ? undefined : Number(state.watermark)
  for (const row of source.rows())
    if (watermark !== undefined && row.at <= watermark && !target.reflects(row))
      throw new Violation(
        `the watermark ${watermark} is ahead of the data: row ${row.id} ${row.version} is missing`,
      )
  for (const row of rowsOfDigest(state.digest))
    if (!target.reflects(row))
      throw new Violation(`row ${row.id} ${row.version} is remembered as loaded, and is missing`)
  const kept = world.states.get(table)?.watermark
  if (kept !== undefined && watermark !== undefined && Number(kept) > watermark) return
  world.states.set(table, state)
}

function digestOfRows(rows: readonly Row[]): string {
  return JSON.stringify(rows)
}

function rowsOfDigest(digest: string | undefined): readonly Row[] {
  return digest === undefined ? [] : JSON.parse(digest)
}

/** Files that a staged set is put into: more than one, so that it can be half there. */
const FILES = 2

async function stage(
  world: World,
  effect: Effect,
  read: {
    readonly prefix: string
    readonly from: string | undefined
    readonly knownDigest: string | undefined
  },
) {
  const { prefix, from, knownDigest } = read
  const isWindowed = world.rules.hasCursor && world.rules.writeMode !== 'overwrite'
  const rows = await effect('read source', () =>
    world.source.rows().filter(row => from === undefined || row.at >= Number(from)),
  )
  const largest = Math.max(...rows.map(row => row.at))
  const readAgain = isWindowed ? rows.filter(row => row.at >= largest) : rows
  const digest = digestOfRows(readAgain)
  const isUnchanged = digest === knownDigest && readAgain.length === rows.length
  const keys: string[] = []
  for (let file = 0; file < FILES && !isUnchanged && rows.length > 0; file++) {
    const key = `${prefix}part-${file}.parquet`
    const part = rows.filter((_, index) => index % FILES === file)
    await effect(`put part ${file}`, () => world.objects.set(key, { rows: part, text: '' }))
    keys.push(key)
  }
  world.stagedSets.set(prefix, keys)
  return {
    files: keys.map(key => ({ key, rowCount: 1, bytes: 1, sha256: '', etag: '' })),
    rowCount: rows.length,
    bytes: 1,
    sourceRowCount: rows.length,
    rejectedRowCount: 0,
    rejectedExamples: [],
    maxCursor: isWindowed && rows.length > 0 ? String(largest) : undefined,
    bounds: [],
    partitions: [],
    digest,
    isUnchanged,
  }
}

function clientsOf(world: World, effect: Effect, athena: SimulatedAthena, model: Model): DestinationClients {
  const { objects, tables, databases } = world
  const unused = async (): Promise<never> => Promise.reject(new Error('not imitated'))
  return {
    accountId: '123456789012',
    close: () => {},
    s3: {
      putObject: ({ Key, Body, IfMatch, IfNoneMatch }) =>
        effect(`PutObject ${Key}`, () => {
          const found = objects.get(Key)
          if (IfNoneMatch && found) throw named('PreconditionFailed')
          if (IfMatch !== undefined && IfMatch !== found?.text) throw named('PreconditionFailed')
          objects.set(Key, { rows: [], text: Buffer.from(Body).toString() })
          return {}
        }),
      getObject: ({ Key }) =>
        effect('GetObject', () => {
          const found = objects.get(Key)
          if (!found) throw named('NoSuchKey')
          return { Body: { transformToString: async () => found.text }, ETag: found.text }
        }),
      deleteObject: ({ Key }) => effect(`DeleteObject ${Key}`, () => objects.delete(Key)),
      listObjectsV2: ({ Prefix }) =>
        effect('ListObjectsV2', () => ({
          Contents: [...objects.keys()].filter(key => key.startsWith(Prefix)).map(Key => ({ Key })),
        })),
      createMultipartUpload: unused,
      uploadPart: unused,
      completeMultipartUpload: unused,
      abortMultipartUpload: unused,
    },
    glue: {
      getDatabase: ({ Name }) =>
        effect('GetDatabase', () => {
          if (!databases.has(Name)) throw named('EntityNotFoundException')
        }),
      createDatabase: ({ DatabaseInput }) =>
        effect('CreateDatabase', () => databases.add(DatabaseInput.Name)),
      getTable: ({ Name }) =>
        effect('GetTable', () => {
          const found = tables.get(Name)
          if (!found) throw named('EntityNotFoundException')
          return { Table: { Name, ...shapeOf(found.location, model) } }
        }),
      getTables: () =>
        effect('GetTables', () => ({
          TableList: [...tables].map(([Name, { parameters, createdMs }]) => ({
            Name,
            Parameters: { ...parameters },
            CreateTime: new Date(createdMs),
          })),
        })),
      createTable: ({ TableInput }) =>
        effect('CreateTable', () => {
          if (tables.has(TableInput.Name)) throw named('AlreadyExistsException')
          const { Parameters: parameters, StorageDescriptor } = TableInput
          const location = StorageDescriptor.Location
          tables.set(TableInput.Name, { location, parameters, createdMs: world.nowMs })
        }),
      updateTable: unused,
      deleteTable: ({ Name }) =>
        effect(`DeleteTable ${Name}`, () => {
          if (!tables.delete(Name)) throw named('EntityNotFoundException')
        }),
    },
    athena: {
      startQueryExecution: ({ QueryString, ClientRequestToken }) =>
        effect('StartQueryExecution', () => ({
          QueryExecutionId: athena.start(QueryString, ClientRequestToken),
        })),
      getQueryExecution: ({ QueryExecutionId }) =>
        effect('GetQueryExecution', () => athena.get(QueryExecutionId)),
      getQueryResults: ({ QueryExecutionId }) =>
        effect('GetQueryResults', () => athena.results(QueryExecutionId)),
      getWorkGroup: async () => ({ WorkGroup: { State: 'ENABLED' } }),
      stopQueryExecution: ({ QueryExecutionId }) =>
        effect('StopQueryExecution', () => athena.stop(QueryExecutionId)),
    },
  }
}

/** Where the target's files would lie; nothing is read from there. */
export const TARGET_LOCATION = 's3://b/s/things_1'

function shapeOf(location: string, model: Model) {
  const columns = model.columns.map(({ tableName, type }) => ({ Name: tableName, Type: type.kind }))
  const rowId = model.writeMode === 'append' ? [{ Name: '_transfer_row_id', Type: 'string' }] : []
  return {
    Parameters: { table_type: 'ICEBERG' },
    StorageDescriptor: { Columns: [...columns, ...rowId], Location: location },
  }
}

function named(name: string): Error {
  return Object.assign(new Error(name), { name })
}
