/** `npm run readme`: prints the tables of the README from code again. */
import { readFile, writeFile } from 'node:fs/promises'
import { withTables } from './tables.ts'

await writeFile('README.md', withTables(await readFile('README.md', 'utf8')))
