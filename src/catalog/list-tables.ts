import { type GlueTable, isNotFound } from './glue-port.ts'

/** The part of Glue's client that listing needs; `@aws-sdk/client-glue`'s `Glue` fits it. */
export interface ListingGlue {
  getTables(input: { DatabaseName: string; NextToken?: string }): Promise<{
    TableList?: ListedTable[] | undefined
    NextToken?: string | undefined
  }>
}

/** A table as a listing tells it. */
export interface ListedTable extends GlueTable {
  readonly CreateTime?: Date | undefined
  readonly UpdateTime?: Date | undefined
}

/** All tables of a database; none when there is no such database. Memory: a page. */
export async function* listTables(glue: ListingGlue, database: string): AsyncGenerator<ListedTable> {
  let token: string | undefined
  do {
    const request = { DatabaseName: database, ...(token === undefined ? {} : { NextToken: token }) }
    const page = await glue.getTables(request).catch((thrown: unknown) => {
      if (isNotFound(thrown)) return { TableList: [], NextToken: undefined }
      throw thrown
    })
    yield* page.TableList ?? []
    token = page.NextToken
  } while (token !== undefined)
}
