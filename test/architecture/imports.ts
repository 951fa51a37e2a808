import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** One import of one source file: a file of ours (path from the repository's root) or a package. */
export interface Import {
  readonly from: string
  readonly to: string
  readonly isPackage: boolean
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`, at the beginning of a statement. */
const IMPORT =
  /^(?:import|export)\b[^'"`;=]*?\bfrom '([^'\n]+)'|^import '([^'\n]+)'|\bimport\('([^'\n]+)'\)/gm

/** All static and dynamic imports below `src`, read as text; Node's own modules are left out. */
export function importsOfSource(): readonly Import[] {
  return globSync('src/**/*.ts').flatMap(file => {
    const text = readFileSync(file, 'utf8')
    const specifiers = [...text.matchAll(IMPORT)].map(match => match[1] ?? match[2] ?? match[3] ?? '')
    return specifiers
      .filter(specifier => !specifier.startsWith('node:'))
      .map(specifier => toImport(file, specifier))
  })
}

function toImport(from: string, specifier: string): Import {
  const isPackage = !specifier.startsWith('.')
  return {
    from,
    to: isPackage ? packageName(specifier) : normalize(join(dirname(from), specifier)),
    isPackage,
  }
}

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
}

/** The folder of `src` that a file belongs to; files directly in `src` are folders of their own. */
export function folderOf(file: string): string {
  return file.split('/')[1] ?? file
}
