import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Authorizer,
  AwsError,
  type Caller,
  type Catalog,
  type GlueDatabase,
  type GlueTable,
  type ObjectStore,
  type StoredObject,
} from '../../../src/stand-in/services.ts'

/** An authorizer that allows all but the listed actions, or action and resource prefix. */
export function createLocalAuthorizer(denied: ReadonlySet<string>): Authorizer {
  return {
    authorize(caller, action, resources) {
      const hit = resources.find(resource =>
        [...denied].some(one => one === action || `${action} ${resource}`.startsWith(one)),
      )
      if (hit === undefined) return
      const message = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${hit}`
      throw new AwsError(action.startsWith('s3:') ? 'AccessDenied' : 'AccessDeniedException', 403, message)
    },
  }
}

/** Objects as files in one folder, write-once as the real store's. */
export async function createLocalStore(directory: string, authorizer: Authorizer): Promise<ObjectStore> {
  await mkdir(directory, { recursive: true })
  const objects = new Map<string, StoredObject>()
  const allow = (caller: Caller, action: string, bucket: string, key?: string): void =>
    authorizer.authorize(caller, action, [`arn:aws:s3:::${bucket}${key === undefined ? '' : `/${key}`}`])
  return {
    async list(caller, bucket, prefix) {
      allow(caller, 's3:ListBucket', bucket)
      const start = `${bucket}/${prefix}`
      const found = [...objects.entries()].filter(([name]) => name.startsWith(start))
      return found.map(([, object]) => object).toSorted((a, b) => (a.key < b.key ? -1 : 1))
    },
    async get(caller, bucket, key) {
      allow(caller, 's3:GetObject', bucket, key)
      const object = objects.get(`${bucket}/${key}`)
      if (!object) throw new AwsError('NoSuchKey', 404, `The specified key does not exist: ${key}`)
      return object
    },
    async put(caller, bucket, key, body) {
      allow(caller, 's3:PutObject', bucket, key)
      const path = join(directory, randomUUID())
      await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, createWriteStream(path))
      const { size } = await stat(path)
      const etag = createHash('md5').update(path).digest('hex')
      const object = { key, size, etag, lastModified: new Date(), path }
      objects.set(`${bucket}/${key}`, object)
      return object
    },
    async delete(caller, bucket, key) {
      allow(caller, 's3:DeleteObject', bucket, key)
      const object = objects.get(`${bucket}/${key}`)
      objects.delete(`${bucket}/${key}`)
      if (object) await unlink(object.path)
    },
    async bucketRegion(caller, bucket) {
      allow(caller, 's3:GetBucketLocation', bucket)
      if (bucket === 'no-such-bucket') throw new AwsError('NoSuchBucket', 404, 'The bucket does not exist')
      return bucket === 'far-bucket' ? 'us-west-2' : caller.region
    },
  }
}

/** Glue in memory, with version ids. */
export function createLocalCatalog(authorizer: Authorizer): Catalog {
  const databases = new Map<string, GlueDatabase>()
  const tables = new Map<string, GlueTable>()
  const allow = (caller: Caller, action: string, resource: string): void =>
    authorizer.authorize(caller, `glue:${action}`, [
      `arn:aws:glue:${caller.region}:${caller.accountId}:${resource}`,
    ])
  const missing = (what: string): AwsError =>
    new AwsError('EntityNotFoundException', 400, `${what} not found.`)
  const existing = (what: string): AwsError => new AwsError('AlreadyExistsException', 400, `${what} exists.`)
  const table = (database: string, name: string): GlueTable => {
    const found = tables.get(`${database}/${name}`)
    if (!found) throw missing(`Table ${name}`)
    return found
  }
  return {
    async getDatabase(caller, name) {
      allow(caller, 'GetDatabase', `database/${name}`)
      const found = databases.get(name)
      if (!found) throw missing(`Database ${name}`)
      return found
    },
    async getDatabases(caller) {
      allow(caller, 'GetDatabases', 'catalog')
      return [...databases.values()]
    },
    async createDatabase(caller, input) {
      allow(caller, 'CreateDatabase', `database/${input.Name}`)
      if (databases.has(input.Name)) throw existing('Database')
      databases.set(input.Name, input)
    },
    async deleteDatabase(caller, name) {
      allow(caller, 'DeleteDatabase', `database/${name}`)
      databases.delete(name)
    },
    async getTable(caller, database, name) {
      allow(caller, 'GetTable', `table/${database}/${name}`)
      return table(database, name)
    },
    async getTables(caller, database) {
      allow(caller, 'GetTables', `database/${database}`)
      return [...tables.values()].filter(one => one.DatabaseName === database)
    },
    async createTable(caller, database, input) {
      allow(caller, 'CreateTable', `table/${database}/${input.Name}`)
      if (tables.has(`${database}/${input.Name}`)) throw existing('Table')
      tables.set(`${database}/${input.Name}`, {
        ...input,
        Name: `${input.Name}`,
        DatabaseName: database,
        VersionId: '0',
      })
    },
    async updateTable(caller, database, input, options) {
      allow(caller, 'UpdateTable', `table/${database}/${input.Name}`)
      const old = table(database, `${input.Name}`)
      if (options.versionId !== undefined && options.versionId !== old.VersionId) {
        throw new AwsError(
          'ConcurrentModificationException',
          400,
          'Update table failed due to concurrent modifications.',
        )
      }
      const VersionId = String(Number(old.VersionId) + 1)
      tables.set(`${database}/${input.Name}`, { ...input, Name: old.Name, DatabaseName: database, VersionId })
    },
    async deleteTable(caller, database, name) {
      allow(caller, 'DeleteTable', `table/${database}/${name}`)
      table(database, name)
      tables.delete(`${database}/${name}`)
    },
  }
}
