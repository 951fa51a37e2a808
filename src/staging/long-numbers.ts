/** A double keeps 15 significant digits of any decimal number; with the point that is 16 characters. */
export const LONG_NUMBER = 16

/** True when 16 digits or points follow each other; every such run covers one place of each 16, so only those are looked at. */
export function hasLongNumber(chunk: Uint8Array): boolean {
  for (let at = LONG_NUMBER - 1; at < chunk.length; at += LONG_NUMBER) {
    if (!isDigitOrPoint(chunk[at])) continue
    const before = digitsFrom(chunk, at - 1, -1)
    const after = digitsFrom(chunk, at + 1, 1)
    const isText = chunk[at - before - 1] === 34
    if (before + after + 1 >= LONG_NUMBER && !isText) return true
  }
  return false
}

/** How many digits or points follow from a place in a direction. */
export function digitsFrom(chunk: Uint8Array, from: number, step: 1 | -1): number {
  let at = from
  while (isDigitOrPoint(chunk[at])) at += step
  return (at - from) * step
}

function isDigitOrPoint(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 48 && byte <= 57) || byte === 46)
}
