import { expect, it } from 'vitest'
import { folderOf, importsOfSource } from './imports.ts'

/** Who may import whom, folder by folder of `src`. Arrows point one way: from the edge to the domain. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  'index.ts': ['queue', 'domain'],
  cli: [
    'queue',
    'operations',
    'maintenance',
    'transfer',
    'sources',
    'staging',
    'catalog',
    'query',
    'load',
    'credentials',
    'aws',
    'config',
    'domain',
  ],
  operations: ['queue', 'domain'],
  queue: ['transfer', 'domain'],
  maintenance: ['catalog', 'query', 'staging', 'domain'],
  transfer: ['credentials', 'sources', 'staging', 'catalog', 'load', 'query', 'domain'],
  sources: ['domain'],
  staging: ['domain'],
  catalog: ['domain'],
  query: ['domain'],
  load: ['domain'],
  credentials: ['aws', 'domain'],
  aws: ['domain'],
  config: ['domain'],
  domain: [],
  'stand-in': [],
}

const OURS = importsOfSource().filter(item => !item.isPackage)

it('every folder of src has its row in the layer table', () => {
  const folders = new Set(OURS.flatMap(({ from, to }) => [folderOf(from), folderOf(to)]))
  expect([...folders].filter(folder => !(folder in LAYERS))).toEqual([])
})

it('no file imports from a folder that its own may not', () => {
  const forbidden = OURS.filter(({ from, to }) => {
    const [own, other] = [folderOf(from), folderOf(to)]
    return own !== other && !LAYERS[own]?.includes(other)
  })
  expect(forbidden.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
})
