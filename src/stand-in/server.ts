import { join } from 'node:path'
import type { Seed } from './admin/schemas.ts'
import { applySeed } from './admin/world.ts'
import { createAthenaService } from './athena/service.ts'
import { startTrino, type TrinoServer } from './athena/trino/server.ts'
import { createFaults } from './faults.ts'
import { createCatalog } from './glue/catalog.ts'
import { createGlueService } from './glue/service.ts'
import { openGlueStore } from './glue/store.ts'
import { listen } from './http/listen.ts'
import { type RouterDeps, route } from './http/router.ts'
import { openAudit } from './iam/audit.ts'
import { createAuthorizer } from './iam/authorizer.ts'
import { openIdentities } from './iam/identities.ts'
import { trinoIdentity } from './iam/trino-identity.ts'
import { openTokenIssuer } from './identity-provider/tokens.ts'
import { createObjectStore } from './s3/object-store.ts'
import { openS3Storage } from './s3/storage.ts'
import type { JsonService } from './services.ts'

/** How to start the stand-in. */
export interface StandInOptions {
  /** Folder that holds all state; made when missing. One process at a time. */
  readonly dataDir: string
  /** Address to bind; loopback unless told. */
  readonly host?: string
  /** 0: a free one. */
  readonly port: number
  /** The SQL engine behind Athena; DuckDB unless told. */
  readonly engine?: 'duckdb' | 'trino'
  /** A Trino that runs already and may serve other stand-ins too; without it the Trino engine starts its own. */
  readonly trinoUrl?: string
  /** Applied at each start. */
  readonly seed?: Seed
}

/** A running stand-in. */
export interface StandIn {
  readonly url: string
  readonly port: number
  /** Stops answering, then waits for what is being written. */
  close(): Promise<void>
}

/** Loopback: nothing outside this machine reaches the stand-in unless asked for. */
const DEFAULT_HOST = '127.0.0.1'

/** Starts STS, S3, Glue, Athena and the identity provider on one port, with the state that `dataDir` holds. */
export async function createStandIn(options: StandInOptions): Promise<StandIn> {
  const host = options.host ?? DEFAULT_HOST
  let url = ''
  const trino = options.engine === 'trino' ? await openTrino(options) : undefined
  const world = await openWorld(options.dataDir, trino && { url: trino.url, endpoint: () => url })
  if (options.seed) await applySeed(world.deps, options.seed)
  const listener = await listen({ host, port: options.port }, call => route(world.deps, call))
  const shown = host === '0.0.0.0' || host === '::' ? DEFAULT_HOST : host
  url = `http://${shown.includes(':') ? `[${shown}]` : shown}:${listener.port}`
  return {
    url,
    port: listener.port,
    async close() {
      await listener.close()
      await world.close()
      await trino?.stop()
    },
  }
}

async function openTrino({ dataDir, trinoUrl }: StandInOptions): Promise<TrinoServer> {
  if (trinoUrl === undefined) return startTrino(join(dataDir, 'trino'))
  return { url: trinoUrl, stop: () => Promise.resolve() }
}

async function openWorld(
  dataDir: string,
  trino: { readonly url: string; readonly endpoint: () => string } | undefined,
): Promise<{ deps: RouterDeps; close(): Promise<void> }> {
  const identities = await openIdentities(join(dataDir, 'iam'))
  const audit = await openAudit(join(dataDir, 'audit.jsonl'))
  const issuer = await openTokenIssuer(dataDir)
  const storage = await openS3Storage(join(dataDir, 's3'))
  const glueStore = await openGlueStore(join(dataDir, 'glue'))
  const faults = createFaults()
  const authorizer = createAuthorizer({ identities, audit })
  const glue = createGlueService({ store: glueStore, authorizer, faults })
  const athena = await createAthenaService({
    dataDir: join(dataDir, 'athena'),
    store: createObjectStore({ storage, authorizer }),
    catalog: createCatalog({ store: glueStore, authorizer }),
    authorizer,
    faults,
    ...(trino && {
      trino: {
        trinoUrl: trino.url,
        endpoint: trino.endpoint,
        keysOf: accountId => trinoIdentity(identities, accountId),
      },
    }),
  })
  const jsonServices = new Map<string, JsonService>([
    ['glue', glue],
    ['athena', athena],
  ])
  return {
    deps: {
      identities,
      audit,
      issuer,
      storage,
      authorizer,
      faults,
      jsonServices,
      workgroups: athena,
      governed: glueStore.governed,
    },
    async close() {
      for (const part of [athena, glue, storage, identities, audit]) await part.close()
    },
  }
}
