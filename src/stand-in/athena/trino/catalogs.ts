import type { Caller } from '../../services.ts'
import { quoteText } from '../sql/tokens.ts'
import { runOnTrino } from './client.ts'

/** Keys of an identity that the stand-in made for Trino. */
export interface TrinoKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What catalogs are made of. */
export interface CatalogSource {
  /** Trino's address. */
  readonly trinoUrl: string
  /** The address of this stand-in, for Glue and S3; known once it listens. */
  readonly endpoint: () => string
  /** Keys of Trino's own identity in an account. */
  readonly keysOf: (accountId: string) => Promise<TrinoKeys>
}

/** Trino's catalogs; each account and region has two, because each has a Glue catalog of its own. */
export interface TrinoCatalogs {
  /** The name of the caller's Hive catalog; its Iceberg tables are in the one of {@link icebergCatalog}. */
  open(caller: Caller): Promise<string>
}

/** The catalog of Iceberg tables beside a Hive catalog. */
export function icebergCatalog(hive: string): string {
  return `${hive}_iceberg`
}

/** Opens no catalog yet: each is made when it is first asked for, under a name that no other stand-in on this Trino has. */
export function createCatalogs(source: CatalogSource): TrinoCatalogs {
  const made = new Map<string, Promise<string>>()
  return {
    open(caller) {
      const place = `${caller.accountId}_${caller.region}_${new URL(source.endpoint()).port}`
      const name = `glue_${place.replaceAll(/[^a-z0-9]/g, '_')}`
      const known = made.get(name) ?? makeCatalogs(source, caller, name)
      made.set(name, known)
      return known
    },
  }
}

async function makeCatalogs(source: CatalogSource, caller: Caller, name: string): Promise<string> {
  const shared = connection(source.endpoint(), caller.region, await source.keysOf(caller.accountId))
  await make(source, icebergCatalog(name), 'iceberg', {
    ...shared,
    'iceberg.catalog.type': 'glue',
    'iceberg.unique-table-location': 'false',
    'iceberg.allowed-extra-properties': '*',
    'iceberg.max-partitions-per-writer': '100',
    // Athena leaves statistics of columns to Glue; here each INSERT would commit a second time for them.
    'iceberg.extended-statistics.enabled': 'false',
    'iceberg.extended-statistics.collect-on-write': 'false',
    'iceberg.expire-snapshots.min-retention': '0s',
    'iceberg.remove-orphan-files.min-retention': '0s',
  })
  await make(source, name, 'hive', {
    ...shared,
    'hive.metastore': 'glue',
    'hive.iceberg-catalog-name': icebergCatalog(name),
    'hive.non-managed-table-writes-enabled': 'true',
  })
  return name
}

function connection(endpoint: string, region: string, keys: TrinoKeys): Readonly<Record<string, string>> {
  return {
    'hive.metastore.glue.endpoint-url': endpoint,
    'hive.metastore.glue.region': region,
    'hive.metastore.glue.aws-access-key': keys.accessKeyId,
    'hive.metastore.glue.aws-secret-key': keys.secretAccessKey,
    'fs.native-s3.enabled': 'true',
    's3.endpoint': endpoint,
    's3.region': region,
    's3.path-style-access': 'true',
    's3.aws-access-key': keys.accessKeyId,
    's3.aws-secret-key': keys.secretAccessKey,
  }
}

/** How long making one catalog may take, in milliseconds. */
const CATALOG_LIMIT_MS = 60_000

async function make(
  source: CatalogSource,
  name: string,
  connector: string,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const list = Object.entries(properties).map(([key, value]) => `"${key}" = ${quoteText(value)}`)
  const onRows = (): Promise<void> => Promise.resolve()
  const signal = AbortSignal.timeout(CATALOG_LIMIT_MS)
  const request = { url: source.trinoUrl, catalog: 'system', schema: 'runtime', signal, onRows }
  // A stand-in that was here before may have left one.
  await runOnTrino(`DROP CATALOG IF EXISTS ${name}`, request)
  await runOnTrino(`CREATE CATALOG ${name} USING ${connector} WITH (${list.join(', ')})`, request)
}
