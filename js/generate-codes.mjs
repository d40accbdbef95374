// Writes js/src/codes.ts from the table of error codes in crates/core/src/error.rs.
// `node js/generate-codes.mjs` writes it, `--check` exits with 1 where it differs.

import { readFileSync, writeFileSync } from 'node:fs'

const source = readFileSync(new URL('../crates/core/src/error.rs', import.meta.url), 'utf8')
const target = new URL('./src/codes.ts', import.meta.url)

const table = /^error_codes! \{$([\s\S]*?)^\}$/m.exec(source)?.[1]
if (table === undefined)
  throw new Error('crates/core/src/error.rs has no table `error_codes! { … }`')

const row = /^ {4}\w+ "(\w+)" \w+ \d+ "((?:[^"\\]|\\.)*)"$/
const codes = []
for (const line of table.split('\n')) {
  if (line.trim() === '' || line.trim().startsWith('//')) continue
  const [, code, meaning] = row.exec(line) ?? []
  if (code === undefined)
    throw new Error(`crates/core/src/error.rs: not a row of the table: ${line}`)
  codes.push(`  /** ${meaning} */\n  | '${code}'\n`)
}

const text = `// Generated from crates/core/src/error.rs by js/generate-codes.mjs. Do not edit.

/** The stable code of an error; codes are never reused. \`docs/errors.md\` explains each. */
export type ErrorCode =
${codes.join('')}`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('js/src/codes.ts is not what error.rs says: run `node js/generate-codes.mjs`')
    process.exit(1)
  }
} else {
  writeFileSync(target, text)
}
