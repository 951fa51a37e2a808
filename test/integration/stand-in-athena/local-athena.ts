import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { z } from 'zod'
import { type AthenaService, createAthenaService } from '../../../src/stand-in/athena/service.ts'
import { faultSchema } from '../../../src/stand-in/faults/fault.ts'
import { createFaults } from '../../../src/stand-in/faults/registry.ts'
import type { Caller, Catalog, GlueColumn, ObjectStore } from '../../../src/stand-in/services.ts'
import { createLocalAuthorizer, createLocalCatalog, createLocalStore } from './local-services.ts'

/** Athena over local services, with what tests do all the time. */
export interface LocalAthena {
  readonly service: AthenaService
  readonly store: ObjectStore
  readonly catalog: Catalog
  /** Denied actions, or `action resource-prefix`; tests add to it. */
  readonly denied: Set<string>
  /** Switches a fault on; it happens once. */
  readonly addFault: (name: string, more?: { readonly delayMs?: number }) => void
  call(action: string, body: object): Promise<unknown>
  start(sql: string, more?: object): Promise<string>
  /** Starts a query and waits for its end. */
  finish(sql: string, more?: object): Promise<FinishedQuery>
  /** As `finish`, and insists on SUCCEEDED; gives the rows without the header. */
  rows(sql: string): Promise<readonly (readonly (string | null)[])[]>
  wait(id: string): Promise<FinishedQuery>
  /** Puts a Parquet object made by DuckDB from a SELECT. */
  putParquet(key: string, select: string): Promise<void>
  addExternalTable(name: string, location: string, columns: readonly GlueColumn[]): Promise<void>
  /** An object's text. */
  readObject(uri: string): Promise<string>
  /** Makes the next `count` changes of Glue tables wait for each other. */
  holdCommits(count: number): void
  restart(): Promise<void>
  /** Opens the service anew over what a killed process would have left; the old one is closed afterwards. */
  crash(): Promise<void>
  close(): Promise<void>
}

/** The caller of every test. */
export const CALLER: Caller = {
  accountId: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/transfer-role/test',
  accessKeyId: 'ASIATEST',
  region: 'eu-west-1',
}

const finishedSchema = z.object({
  QueryExecution: z.object({
    QueryExecutionId: z.string(),
    StatementType: z.string(),
    SubstatementType: z.string(),
    ResultConfiguration: z.object({ OutputLocation: z.string() }).optional(),
    Status: z.object({
      State: z.string(),
      StateChangeReason: z.string().optional(),
      AthenaError: z
        .object({
          ErrorCategory: z.number(),
          ErrorType: z.number(),
          Retryable: z.boolean(),
          ErrorMessage: z.string(),
        })
        .optional(),
    }),
    Statistics: z.object({
      DataScannedInBytes: z.number(),
      TotalExecutionTimeInMillis: z.number(),
      DataManifestLocation: z.string().optional(),
    }),
  }),
})

/** A query at its end. */
export type FinishedQuery = z.infer<typeof finishedSchema>['QueryExecution']

const pageSchema = z.object({
  NextToken: z.string().optional(),
  UpdateCount: z.number(),
  ResultSet: z.object({
    Rows: z.array(z.object({ Data: z.array(z.object({ VarCharValue: z.string().optional() })) })),
    ResultSetMetadata: z.object({
      ColumnInfo: z.array(z.looseObject({ Name: z.string(), Type: z.string() })),
    }),
  }),
})

/** One page of results. */
export type ResultPage = z.infer<typeof pageSchema>

/** Reads one page. */
export async function readPage(athena: LocalAthena, id: string, more: object = {}): Promise<ResultPage> {
  return pageSchema.parse(await athena.call('GetQueryResults', { QueryExecutionId: id, ...more }))
}

const PARQUET = {
  InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
}

/** Opens Athena with the databases `default` and `acme`, the latter being every query's. */
export async function openLocalAthena(): Promise<LocalAthena> {
  const directory = await mkdtemp(join(tmpdir(), 'stand-in-athena-'))
  const denied = new Set<string>()
  const faults = createFaults()
  const authorizer = createLocalAuthorizer(denied)
  const store = await createLocalStore(join(directory, 'objects'), authorizer)
  const catalog = createLocalCatalog(authorizer)
  const gate = createGate()
  const gated: Catalog = {
    ...catalog,
    async updateTable(...args) {
      await gate.pass()
      return catalog.updateTable(...args)
    },
  }
  const deps = { dataDir: join(directory, 'athena'), store, catalog: gated, authorizer, faults }
  let service = await createAthenaService(deps)
  await catalog.createDatabase(CALLER, { Name: 'default' })
  await catalog.createDatabase(CALLER, { Name: 'acme' })
  const athena: LocalAthena = {
    get service() {
      return service
    },
    store,
    catalog,
    denied,
    addFault: (name, more) => faults.set(faultSchema.parse({ name, ...more })),
    call: (action, body) => service.handle(action, body, CALLER),
    async start(sql, more = {}) {
      const answer = await athena.call('StartQueryExecution', {
        QueryString: sql,
        QueryExecutionContext: { Database: 'acme' },
        ResultConfiguration: { OutputLocation: 's3://lake/results/' },
        ...more,
      })
      return z.object({ QueryExecutionId: z.string() }).parse(answer).QueryExecutionId
    },
    finish: async (sql, more) => athena.wait(await athena.start(sql, more)),
    async rows(sql) {
      const query = await athena.finish(sql)
      if (query.Status.State !== 'SUCCEEDED') throw new Error(`${sql}: ${query.Status.StateChangeReason}`)
      const page = await readPage(athena, query.QueryExecutionId)
      const rows = page.ResultSet.Rows.map(row => row.Data.map(value => value.VarCharValue ?? null))
      return query.SubstatementType === 'SELECT' ? rows.slice(1) : rows
    },
    async wait(id) {
      for (;;) {
        const query = finishedSchema.parse(await athena.call('GetQueryExecution', { QueryExecutionId: id }))
        const { State: state } = query.QueryExecution.Status
        if (state !== 'QUEUED' && state !== 'RUNNING') return query.QueryExecution
        await delay(5)
      }
    },
    async putParquet(key, select) {
      const path = join(directory, `upload-${key.replaceAll('/', '-')}`)
      const instance = await DuckDBInstance.create(':memory:')
      const connection = await instance.connect()
      await connection.run("SET TimeZone = 'UTC'")
      await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`)
      connection.closeSync()
      instance.closeSync()
      await store.put(CALLER, 'lake', key, await readFile(path))
    },
    addExternalTable: (name, location, columns) =>
      catalog.createTable(CALLER, 'acme', {
        Name: name,
        TableType: 'EXTERNAL_TABLE',
        PartitionKeys: [],
        Parameters: { classification: 'parquet' },
        StorageDescriptor: { ...PARQUET, Location: location, Columns: columns },
      }),
    async readObject(uri) {
      const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? []
      return readFile((await store.get(CALLER, bucket, key)).path, 'utf8')
    },
    holdCommits: gate.hold,
    async restart() {
      await service.close()
      service = await createAthenaService(deps)
    },
    async crash() {
      const old = service
      service = await createAthenaService(deps)
      await old.close()
    },
    async close() {
      await service.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
  return athena
}

interface Gate {
  hold(count: number): void
  pass(): Promise<void>
}

/** A gate that opens once as many wait before it as it was told to hold; open at first. */
function createGate(): Gate {
  let missing = 0
  let waiting: (() => void)[] = []
  return {
    hold(count) {
      missing = count
    },
    pass() {
      if (missing === 0) return Promise.resolve()
      missing -= 1
      const passed = new Promise<void>(resolve => waiting.push(resolve))
      if (missing === 0) {
        for (const resolve of waiting) resolve()
        waiting = []
      }
      return passed
    },
  }
}
