/** Splits a type text such as `struct<a:decimal(3,1)>` into words and signs, without blanks, words in lower case. */
export function typeWords(text: string): readonly string[] {
  return text.toLowerCase().match(/"[^"]*"|`[^`]*`|[\p{L}\p{N}_$]+|[^\s]/gu) ?? []
}

/** A position in the words of a type, moved forward as a parser eats them. */
export interface WordCursor {
  peek(): string | undefined
  take(): string
  /** Eats the word if it comes next. */
  accept(word: string): boolean
  /** @throws {Error} when another word comes next. */
  expect(word: string): void
}

/** Opens a cursor at the first word. */
export function wordCursor(text: string): WordCursor {
  const words = typeWords(text)
  let at = 0
  const cursor: WordCursor = {
    peek: () => words[at],
    take: () => {
      const word = words[at]
      if (word === undefined) throw new Error(`Unexpected end of type '${text}'`)
      at += 1
      return word
    },
    accept: word => {
      if (words[at] !== word) return false
      at += 1
      return true
    },
    expect: word => {
      if (!cursor.accept(word)) throw new Error(`Expected '${word}' in type '${text}'`)
    },
  }
  return cursor
}

/** Reads `(1,2)`; an absent parenthesis gives no numbers. */
export function takeNumbers(cursor: WordCursor): readonly number[] {
  const numbers: number[] = []
  if (!cursor.accept('(')) return numbers
  do numbers.push(Number(cursor.take()))
  while (cursor.accept(','))
  cursor.expect(')')
  return numbers
}
