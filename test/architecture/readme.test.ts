import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withTables } from '../readme/tables.ts'

const README = readFileSync('README.md', 'utf8')

it("the README's tables are those of the code; `npm run readme` prints them again", () => {
  expect(README).toBe(withTables(README))
  expect(README).toContain('| `REDIS_URL` |')
  expect(README).toContain('| `bigint` | `bigint` | `bigint` |')
  expect(README).toContain('| `CustomerId` | `customerid` |')
  expect(README).toContain('| `ACCESS_DENIED` | customer | no |')
})

it('every guarantee of the README names a test that there is', () => {
  const section = /## Guarantees\n([\s\S]*?)\n## /.exec(README)?.[1] ?? ''
  const named = [...section.matchAll(/\*([^*\n]+)\* \(`([^`]+)`\)/g)].map(([, name = '', file = '']) => ({
    name,
    file,
  }))
  const files = new Map(globSync('test/**/*.test.ts').map(file => [file, readFileSync(file, 'utf8')]))
  const missing = named.filter(({ name, file }) => !files.get(file)?.replaceAll("\\'", "'").includes(name))

  expect(named.length).toBeGreaterThan(8)
  expect(missing).toEqual([])
})
