import type { Row } from './source.ts'
import type { Meaning } from './statements.ts'

/** A promise that a run broke. */
export class Violation extends Error {}

/** How a run's model meets its table. */
export interface Rules {
  readonly writeMode: 'merge' | 'append' | 'overwrite'
  readonly hasCursor: boolean
  readonly deletes: boolean
}

type Load = Extract<Meaning, { kind: 'load' }>

/** The target table of a run: its rows, and what it must never go back behind. */
export interface Target {
  rows(): readonly Row[]
  /** Grows with each commit. */
  snapshot(): number
  /** Applies one whole statement. @throws {Violation} when what it leaves breaks a promise. */
  commit(load: Load, staged: readonly Row[]): number
  /** True when the row, or a newer version of it, has arrived: for append the version itself. */
  reflects(row: Row): boolean
}

/** An empty target. */
export function createTarget(rules: Rules): Target {
  let rows: readonly Row[] = []
  let snapshot = 0
  /** The largest version of each row that any commit brought, tombstones too. */
  const newest = new Map<number, number>()
  return {
    rows: () => rows,
    snapshot: () => snapshot,
    commit: (load, staged) => {
      const before = rows
      rows = applied(load, before, staged, rules)
      snapshot++
      const arrived = new Map<number, number>()
      for (const { id, version } of staged) arrived.set(id, Math.max(arrived.get(id) ?? 0, version))
      for (const [id, version] of arrived) newest.set(id, Math.max(newest.get(id) ?? 0, version))
      checkRows(rows, rules, newest)
      return changedCount(before, rows)
    },
    reflects: row => {
      if (rules.writeMode === 'append')
        return rows.some(one => one.id === row.id && one.version === row.version)
      const kept = rows.find(one => one.id === row.id)
      return kept ? kept.version >= row.version : rules.deletes && (newest.get(row.id) ?? 0) >= row.version
    },
  }
}

function changedCount(before: readonly Row[], after: readonly Row[]): number {
  const kept = new Set(before)
  return after.filter(row => !kept.has(row)).length + Math.max(before.length - after.length, 0)
}

function applied(load: Load, before: readonly Row[], staged: readonly Row[], rules: Rules): readonly Row[] {
  if (load.how === 'insert') return [...before, ...staged]
  if (load.how === 'append') {
    const known = new Set(before.map(contentOf))
    const occurrences = new Map<string, number>()
    return [...before, ...staged.filter(row => isNewOccurrence(row, known, occurrences))]
  }
  if (load.how === 'overwrite' && rules.writeMode === 'append') return staged
  const newest = new Map<number, Row>()
  for (const row of staged) {
    const kept = newest.get(row.id)
    if (!kept || row.version >= kept.version) newest.set(row.id, row)
  }
  const isGone = (row: Row): boolean => rules.deletes && row.deleted
  if (load.how === 'overwrite') return [...newest.values()].filter(row => !isGone(row))
  const merged = new Map(before.map(row => [row.id, row]))
  for (const row of newest.values()) {
    const kept = merged.get(row.id)
    if (kept && load.isGuarded && row.at < kept.at) continue
    if (load.deletes && row.deleted) merged.delete(row.id)
    else merged.set(row.id, row)
  }
  return [...merged.values()]
}

function contentOf({ id, version }: Row): string {
  return `${id} ${version}`
}

/** Equal rows of one staged set are told apart by which one they are, as the product does it. */
function isNewOccurrence(row: Row, known: Set<string>, occurrences: Map<string, number>): boolean {
  const content = contentOf(row)
  const occurrence = (occurrences.get(content) ?? 0) + 1
  occurrences.set(content, occurrence)
  return occurrence > 1 || !known.has(content)
}

function checkRows(rows: readonly Row[], rules: Rules, newest: ReadonlyMap<number, number>): void {
  const seen = new Set<string>()
  for (const row of rows) {
    const identity = rules.writeMode === 'append' ? contentOf(row) : String(row.id)
    if (seen.has(identity)) throw new Violation(`row ${identity} is doubled`)
    seen.add(identity)
    if (rules.writeMode === 'append') continue
    const version = newest.get(row.id) ?? 0
    if (row.version < version)
      throw new Violation(`row ${row.id}: version ${version} was overwritten by the older ${row.version}`)
  }
}

/** What the target must hold once nothing is under way. @throws {Violation} */
export function checkComplete(target: Target, source: readonly Row[], rules: Rules): void {
  for (const row of source) if (!target.reflects(row)) throw new Violation(`row ${contentOf(row)} is lost`)
  const expected = source.filter(row => !(rules.deletes && row.deleted)).map(contentOf)
  const found = target.rows().map(contentOf)
  const extra = found.filter(content => !expected.includes(content))
  if (extra.length > 0) throw new Violation(`rows ${extra.join(', ')} are not in the source`)
}
