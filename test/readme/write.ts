/** `npm run readme`: prints the tables of the READMEs from code again. */
import { readFile, writeFile } from 'node:fs/promises'
import { READMES, withTables } from './tables.ts'

for (const path of READMES) await writeFile(path, withTables(await readFile(path, 'utf8')))
