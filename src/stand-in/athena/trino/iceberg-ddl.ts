import { glueArn, s3Arn } from '../../iam/arn.ts'
import type { Authorizer, Caller } from '../../services.ts'
import { declaredIcebergType } from '../ddl/column-types.ts'
import type { IcebergDdl } from '../ddl/ddl-context.ts'
import { icebergProperties } from '../ddl/iceberg-properties.ts'
import { fromIcebergType } from '../iceberg/iceberg-type.ts'
import { currentSchema, type TableMetadata } from '../iceberg/metadata.ts'
import { errorAt } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import type { ColumnDeclaration, PartitionDeclaration } from '../sql/ddl.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import { printType } from '../types/sql-type.ts'

/** Makes and alters Iceberg tables in Trino's words; what Athena refuses is refused before. */
export function trinoIcebergDdl(
  catalog: string,
  send: (sql: string) => Promise<unknown>,
  authorizer: Authorizer,
): IcebergDdl {
  const nameOf = (database: string, table: string): string =>
    [catalog, database, table].map(quoteName).join('.')
  return {
    async create({ caller }, create, database, table) {
      const properties = Object.entries(icebergProperties(create.properties)).filter(isAthenas)
      const location = (create.location ?? '').replace(/\/+$/, '')
      requireWrite(authorizer, caller, 'CreateTable', { database, table, location })
      const columns = create.columns.map(definition).join(', ')
      const comment = create.comment === undefined ? '' : ` COMMENT ${quoteText(create.comment)}`
      const partitions = create.partitionedBy.map(member => quoteText(partitioning(member)))
      const options = [
        `location = ${quoteText(location)}`,
        "format = 'PARQUET'",
        'format_version = 2',
        ...extraProperties(properties),
      ]
      if (partitions.length > 0) options.push(`partitioning = ARRAY[${partitions.join(', ')}]`)
      const ifNotExists = create.ifNotExists ? 'IF NOT EXISTS ' : ''
      await send(
        `CREATE TABLE ${ifNotExists}${nameOf(database, table)} (${columns})${comment} WITH (${options.join(', ')})`,
      )
    },
    async alter({ caller }, alter, table) {
      const { database, name, metadata } = table
      requireWrite(authorizer, caller, 'UpdateTable', { database, table: name, location: metadata.location })
      const head = `ALTER TABLE ${nameOf(database, name)}`
      if (alter.kind === 'addColumns') {
        for (const column of alter.columns) await send(`${head} ADD COLUMN ${definition(column)}`)
      } else if (alter.kind === 'dropColumn') await send(`${head} DROP COLUMN ${quoteName(alter.column)}`)
      else {
        const type = printType(declaredIcebergType(alter.to), quoteName)
        // Trino refuses to change a nested type, also to what it is.
        if (type !== presentType(metadata, alter.from))
          await send(`${head} ALTER COLUMN ${quoteName(alter.from)} SET DATA TYPE ${type}`)
        if (alter.to.name !== alter.from)
          await send(`${head} RENAME COLUMN ${quoteName(alter.from)} TO ${quoteName(alter.to.name)}`)
        if (alter.to.comment !== undefined) {
          const column = `${nameOf(database, name)}.${quoteName(alter.to.name)}`
          await send(`COMMENT ON COLUMN ${column} IS ${quoteText(alter.to.comment)}`)
        }
      }
    },
  }
}

function presentType(metadata: TableMetadata, column: string): string | undefined {
  const field = currentSchema(metadata).fields.find(({ name }) => name.toLowerCase() === column)
  return field && printType(fromIcebergType(field.type), quoteName)
}

/** How files are written is Trino's own affair; what OPTIMIZE and VACUUM go by is kept with the table. */
function isAthenas([name]: readonly [string, string]): boolean {
  return !name.startsWith('write.')
}

function extraProperties(properties: readonly (readonly [string, string])[]): readonly string[] {
  if (properties.length === 0) return []
  const [names, values] = [0, 1].map(at => properties.map(one => quoteText(one[at] ?? '')).join(', '))
  return [`extra_properties = MAP(ARRAY[${names}], ARRAY[${values}])`]
}

function definition(column: ColumnDeclaration): string {
  const comment = column.comment === undefined ? '' : ` COMMENT ${quoteText(column.comment)}`
  return `${quoteName(column.name)} ${printType(declaredIcebergType(column), quoteName)}${comment}`
}

/** Athena writes `bucket(16, id)`, Trino `bucket(id, 16)`. */
function partitioning(member: PartitionDeclaration): string {
  if (member.kind === 'column') {
    const message = 'Partition columns of an Iceberg table are named without a type'
    throw errorAt('SYNTAX_ERROR', member.column.place, message)
  }
  const column = quoteName(member.column)
  if (member.transform === 'identity') return column
  return `${member.transform}(${column}${member.width === undefined ? '' : `, ${member.width}`})`
}

function requireWrite(
  authorizer: Authorizer,
  caller: Caller,
  action: 'CreateTable' | 'UpdateTable',
  target: { readonly database: string; readonly table: string; readonly location: string },
): void {
  const place = parseS3Uri(target.location)
  if (place)
    authorizer.authorize(caller, 's3:PutObject', [s3Arn(caller.region, place.bucket, `${place.key}/*`)])
  const { database, table } = target
  const arns = ['catalog', `database/${database}`, `table/${database}/${table}`].map(resource =>
    glueArn(caller.region, caller.accountId, resource),
  )
  authorizer.authorize(caller, `glue:${action}`, arns)
}
