import { quoteText } from '../sql/tokens.ts'
import type { Session } from './session.ts'

/** Lets DuckDB reach just the files of the statement and the query's own folder, for good. */
export async function lockDown(
  session: Session,
  paths: readonly string[],
  workDirectory: string,
): Promise<void> {
  await session.run(
    [
      `SET allowed_paths = [${paths.map(quoteText).join(', ')}]`,
      `SET allowed_directories = [${quoteText(`${workDirectory}/`)}]`,
      'SET enable_external_access = false',
      'SET lock_configuration = true',
    ].join(';\n'),
  )
}
