// `haversack/testing` of the packed package, as an application's own tests use it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { application, root } from './packed.mjs'

/** The schema of the guide, as plain JavaScript. */
const schema = readFileSync(join(root, 'js/test/types/guide/schema.ts'), 'utf8').match(
  /JSON\.parse\(\s*('.*')/,
)[1]

/** A test for either runner, of which the first lines say what `test` and `equal` are. */
const body = `import { meta } from 'haversack'
import { openMemory } from 'haversack/testing'
const schema = JSON.parse(${schema})
test('it runs', async () => {
  const db = await openMemory({ schema, rows: { notes: [{ title: 'first' }] } })
  const write = db.notes.insert({ title: 'second' })
  await write.synced
  equal(write.key, 2)
  // The package's two entries know of the same rows.
  equal(meta(write.row).state, 'acknowledged')
  equal(db.notes.orderBy('title', 'desc').rows().map((note) => note.title).join(), 'second,first')
  let code
  try {
    db.notes.insert({ title: null })
  } catch (error) {
    code = error.code
  }
  equal(code, 'not_null_violation')
})
`

/** Runs a program in an application and gives what it said, failed or not. */
function run(program, args, cwd) {
  // A runner inside a runner must not take the outer one's settings.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, VITEST: undefined, CI: '1' }
  try {
    return execFileSync(program, args, { cwd, env, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    return assert.fail(`${error.stdout}${error.stderr}`)
  }
}

test('under node --test', () => {
  const head = `import { equal } from 'node:assert/strict'\nimport test from 'node:test'\n`
  const folder = application({ 'notes.test.mjs': head + body })
  const said = run('node', ['--test', '--test-reporter=tap', 'notes.test.mjs'], folder)
  assert.match(said, /# pass 1\n/)
})

test('under Vitest', () => {
  const head = `import { expect, test } from 'vitest'\nconst equal = (a, b) => expect(a).toBe(b)\n`
  const folder = application({ 'notes.test.js': head + body })
  symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'))
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const said = run('node', [vitest, 'run', '--reporter=json'], folder)
  assert.equal(JSON.parse(said.slice(said.indexOf('{'))).numPassedTests, 1)
})
