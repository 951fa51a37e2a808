import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MUTATIONS } from '../../simulation/mutations.ts'

const SRC = join(import.meta.dirname, '../../../src')

it.each(MUTATIONS)('there is one place in the source to $name', async ({ edits }) => {
  for (const { file, text } of edits) {
    const parts = (await readFile(join(SRC, file), 'utf8')).split(text)

    expect(parts, `${file}: ${text}`).toHaveLength(2)
  }
})
