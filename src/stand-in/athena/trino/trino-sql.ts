import { quoteName, tokenize } from '../sql/tokens.ts'
import { CATALOG_NAME } from '../table-catalog.ts'

/** A statement as Trino takes it: the caller's catalog for `awsdatacatalog`, parameters in their places, no semicolon. */
export function trinoSql(sql: string, catalog: string, parameters: readonly string[]): string {
  const { tokens } = tokenize(sql)
  let [result, copied, taken] = ['', 0, 0]
  for (const [index, token] of tokens.entries()) {
    const isCatalog =
      (token.kind === 'word' || token.kind === 'quoted') &&
      token.text.toLowerCase() === CATALOG_NAME &&
      tokens[index + 1]?.text === '.'
    const isSign = token.kind === 'sign'
    if (!isCatalog && !(isSign && (token.text === '?' || token.text === ';'))) continue
    const other = isCatalog
      ? quoteName(catalog)
      : token.text === '?'
        ? `(${parameters[taken++] ?? 'NULL'})`
        : ''
    result += sql.slice(copied, token.start) + other
    copied = token.end
  }
  return result + sql.slice(copied)
}
