/** An identifier for DML, as Trino's grammar has it: double quotes, doubled inside. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** An identifier for DDL, as Athena's Hive grammar has it: backquotes, doubled inside. */
export function quoteDdlIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/**
 * A string literal for DDL, as Athena's Hive grammar has it: single quotes and backslashes after a backslash. A doubled quote
 * would end it there, and a text that ends in a backslash would go on behind its end.
 */
export function quoteDdlString(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}

/** A string literal for DML: single quotes, doubled inside. */
export function quoteString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
