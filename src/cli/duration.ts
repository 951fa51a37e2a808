import { TransferError } from '../domain/errors.ts'

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `90s`, `30m`, `24h` or `7d`. @throws {TransferError} `CONFIG_INVALID`. */
export function parseDuration(option: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const unitMs = UNITS_MS[unit]
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs
  throw new TransferError('CONFIG_INVALID', `${option}: expected 90s, 30m, 24h or 7d, found "${text}"`, {
    hint: 'Give a whole number and one of the units s, m, h and d.',
  })
}

/** `24 h`, in the largest unit that it is a whole number of. */
export function describeDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find(name => ms % (UNITS_MS[name] ?? 1) === 0)
  return unit === undefined ? `${ms} ms` : `${ms / (UNITS_MS[unit] ?? 1)} ${unit}`
}
