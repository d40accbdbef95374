// What the documentation shows is what is compiled and tested: every block of code in it stands in
// js/test/types/guide, line by line.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The fenced blocks of a page in one of these languages. */
function blocks(page: string, ...languages: string[]): string[] {
  const fence = /^```(\w+)\n([\s\S]*?)^```$/gm
  return [...page.matchAll(fence)]
    .filter(([, language]) => languages.includes(language!))
    .map(([, , text]) => text!)
}

/** Text without indentation and empty lines: a block may be cut from a function's body. */
function bare(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}

function shown(block: string, ...sources: string[]): void {
  assert.ok(
    sources.some((source) => bare(source).includes(bare(block))),
    `js/test/types/guide has not these lines:\n${block}`,
  )
}

const readme = read('../../README.md')
const guide = read('../../docs/guide.md')
const notes = [
  read('./types/guide/notes/migrations/V1__notes.sql'),
  read('./types/guide/notes/haversack.toml'),
]

test('the code of the README is the one that is compiled, and short', () => {
  const code = blocks(readme, 'ts')
  assert.equal(code.length, 1)
  assert.equal(bare(code[0]!), bare(read('./types/guide/readme.ts')))
  assert.ok(bare(code[0]!).split('\n').length <= 15)
})

test('every block of code in the guide is one that is compiled', () => {
  const code = blocks(guide, 'ts')
  assert.ok(code.length >= 8, `${code.length} blocks`)
  const sources = ['./types/guide/guide.ts', './types/guide/react.ts'].map(read)
  for (const block of code) shown(block, ...sources)
})

test('the example of a conflict that is decided is one that is compiled', () => {
  const code = blocks(read('../../docs/conflicts.md'), 'ts')
  assert.equal(code.length, 1)
  shown(code[0]!, read('./types/guide/guide.ts'))
})

test('the example of a query is one that is compiled, and every operator is named', () => {
  const page = read('../../docs/queries.md')
  const code = blocks(page, 'ts')
  assert.equal(code.length, 5)
  for (const block of code) shown(block, read('./types/guide/guide.ts'))
  const files = ['operators', 'predicates', 'search']
  const sources = files.map((file) => read(`../src/${file}.ts`)).join('\n')
  const names = [...sources.matchAll(/^export function (\w+)/gm)].map(([, name]) => name!)
  assert.ok(names.length >= 20, `${names.length} operators`)
  const table =
    page.split('## Examples')[0]! + page.split('## Searching texts')[1]!.split('## ')[0]!
  for (const name of names) assert.match(table, new RegExp('`[^`]*\\b' + name + '\\b[^`]*`'), name)
})

test('the example of hooks is one that is compiled', () => {
  const code = blocks(read('../../docs/hooks.md'), 'ts')
  assert.equal(code.length, 1)
  shown(code[0]!, read('./types/guide/hooks.ts'))
})

test('the example of a test is one that runs', () => {
  const code = blocks(read('../../docs/testing.md'), 'ts')
  assert.equal(code.length, 1)
  shown(code[0]!, read('./types/guide/testing.test.ts'))
})

test('the SQL and TOML of README and guide are those that the tests migrate and attach', () => {
  for (const page of [readme, guide]) {
    const code = blocks(page, 'sql', 'toml')
    assert.ok(code.length >= 1)
    for (const block of code) shown(block, ...notes)
  }
})

test('every test that the documentation names is there', () => {
  let named = 0
  for (const page of [
    '../../ARCHITECTURE.md',
    '../../docs/reliability.md',
    '../../docs/schemas.md',
  ]) {
    for (const [, name, path] of read(page).matchAll(/\[([^\]]+)\]\(([^)]+\.(?:rs|mjs|ts))\)/g)) {
      const source = readFileSync(new URL(path!, new URL(page, import.meta.url)), 'utf8')
      // A name in quotes may be written with its apostrophe escaped.
      const found = source.replaceAll("\\'", "'").includes(name!)
      assert.ok(found, `${page}: ${path} has no test "${name}"`)
      named++
    }
  }
  assert.ok(named >= 30, `${named} tests are named`)
})
