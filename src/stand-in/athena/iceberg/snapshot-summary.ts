import type { TableChange } from './build-commit.ts'
import type { DataFile } from './manifest.ts'

/** The counts that readers show for a snapshot; totals continue those of the parent. */
export function snapshotSummary(
  change: TableChange,
  parent: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const added = change.addedData
  const deletes = change.addedDeletes.map(one => one.file)
  const removed = change.removed.map(one => one.file)
  const total = (name: string, plus: bigint, minus: bigint): string =>
    String(BigInt(parent?.[name] ?? '0') + plus - minus)
  return {
    operation: change.operation,
    ...counts('added-data-files', BigInt(added.length)),
    ...counts('added-records', rows(added)),
    ...counts('added-delete-files', BigInt(deletes.length)),
    ...counts('added-position-delete-files', BigInt(deletes.length)),
    ...counts('added-position-deletes', rows(deletes)),
    ...counts('added-files-size', bytes(added) + bytes(deletes)),
    ...counts('deleted-data-files', BigInt(removed.length)),
    ...counts('deleted-records', rows(removed)),
    ...counts('removed-files-size', bytes(removed)),
    'total-data-files': total('total-data-files', BigInt(added.length), BigInt(removed.length)),
    'total-records': total('total-records', rows(added), rows(removed)),
    'total-delete-files': total('total-delete-files', BigInt(deletes.length), 0n),
    'total-position-deletes': total('total-position-deletes', rows(deletes), 0n),
    'total-equality-deletes': total('total-equality-deletes', 0n, 0n),
    'total-files-size': total('total-files-size', bytes(added) + bytes(deletes), bytes(removed)),
  }
}

function counts(name: string, value: bigint): Readonly<Record<string, string>> {
  return value === 0n ? {} : { [name]: String(value) }
}

function rows(files: readonly DataFile[]): bigint {
  return files.reduce((sum, file) => sum + file.recordCount, 0n)
}

function bytes(files: readonly DataFile[]): bigint {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0n)
}
