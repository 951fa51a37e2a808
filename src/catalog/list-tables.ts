import { type GluePort, isNotFound, type ListedTable } from './glue-port.ts'

/**
 * All tables of a database, or those whose names match an expression of Glue's (a regular one); none when there is no such
 * database. Memory: a page.
 */
export async function* listTables(
  glue: Pick<GluePort, 'getTables'>,
  database: string,
  expression?: string,
): AsyncGenerator<ListedTable> {
  let token: string | undefined
  do {
    const request = {
      DatabaseName: database,
      ...(expression === undefined ? {} : { Expression: expression }),
      ...(token === undefined ? {} : { NextToken: token }),
    }
    const page = await glue.getTables(request).catch((thrown: unknown) => {
      if (isNotFound(thrown)) return { TableList: [], NextToken: undefined }
      throw thrown
    })
    yield* page.TableList ?? []
    token = page.NextToken
  } while (token !== undefined)
}
