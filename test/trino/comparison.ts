import { explain } from './known-differences.ts'
import type { StatementOutcome } from './run-statement.ts'
import type { Side } from './side.ts'

/** What was compared so far. */
export interface Comparison {
  readonly duckdb: Side
  readonly trino: Side
  /** Runs a statement, which may name something that each side has of its own, on both and compares; gives DuckDB's outcome. */
  statement(sql: string | ((side: Side) => Promise<string>)): Promise<StatementOutcome>
  /** Compares something else that both sides have, by name. */
  value(what: string, of: (side: Side) => Promise<unknown>): Promise<void>
  counts(): { readonly compared: number; readonly explained: number }
}

/** Two engines that did not do the same, without a known reason. */
export class Difference extends Error {
  override readonly name = 'Difference'
}

/** Starts counting over two sides. */
export function compare(duckdb: Side, trino: Side): Comparison {
  let [compared, explained] = [0, 0]
  return {
    duckdb,
    trino,
    async statement(given) {
      const on = (side: Side) => (typeof given === 'string' ? Promise.resolve(given) : given(side))
      const [sql, other] = await Promise.all([on(duckdb), on(trino)])
      const [left, right] = await Promise.all([duckdb.run(sql), trino.run(other)])
      compared += 1
      if (shown(left) === shown(right)) return left
      if (explain(sql, left, right) === undefined) {
        throw new Difference(
          `${sql.slice(0, 1500)}\n  duckdb: ${shown(left).slice(0, 1500)} ${left.reason}\n  trino:  ${shown(right).slice(0, 1500)} ${right.reason}`,
        )
      }
      explained += 1
      return left
    },
    async value(what, of) {
      const [left, right] = (await Promise.all([of(duckdb), of(trino)])).map(one => JSON.stringify(one))
      if (left !== right) throw new Difference(`${what}\n  duckdb: ${left}\n  trino:  ${right}`)
    },
    counts: () => ({ compared, explained }),
  }
}

function shown({ reason: _reason, ...rest }: StatementOutcome): string {
  return JSON.stringify(rest)
}
