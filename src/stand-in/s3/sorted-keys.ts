/** Keys of one bucket in the order in which S3 lists them: by their UTF-8 bytes. */
export interface SortedKeys {
  readonly size: number
  add(key: string): void
  remove(key: string): void
  /** Keys from the first one that is not below `from` (or, with `after`, above it), in order. */
  from(from: string, edge: 'inclusive' | 'after'): Generator<string>
}

/** Makes an empty set. Adding costs a binary search and a move in memory. */
export function createSortedKeys(): SortedKeys {
  const keys: string[] = []
  const position = (key: string): number => {
    let [low, high] = [0, keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareUtf8(keys[middle] ?? '', key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    get size() {
      return keys.length
    },
    add(key) {
      const index = position(key)
      if (keys[index] !== key) keys.splice(index, 0, key)
    },
    remove(key) {
      const index = position(key)
      if (keys[index] === key) keys.splice(index, 1)
    },
    *from(from, edge) {
      const start = position(from)
      const skip = edge === 'after' && keys[start] === from ? 1 : 0
      for (const key of keys.slice(start + skip)) yield key
    },
  }
}

/** Compares two texts by their UTF-8 bytes, which differs from UTF-16's order for surrogates only. */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (a !== b) return utf8Rank(a) - utf8Rank(b)
  }
  return left.length - right.length
}

/** Surrogates stand for code points above all of the basic plane. */
function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
