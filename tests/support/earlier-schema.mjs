// Schema folders for tests: the organizational schema before its second migration, and ones made of SQL.

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const organizational = fileURLToPath(new URL('../../schemas/organizational', import.meta.url))

/** The schema as it was under V1, in a folder of its own. */
export async function beforeColumns() {
  const folder = await schemaFolder({ config: await configBeforeColumns() })
  const first = 'migrations/V1__events_and_items.sql'
  await copyFile(join(organizational, first), join(folder, first))
  return folder
}

/** Its haversack.toml: nothing of what V2 makes, and none of its steps. */
async function configBeforeColumns() {
  const now = await readFile(join(organizational, 'haversack.toml'), 'utf8')
  const [before] = now.split('[migrations.')
  return before.replace('policies = { budget = "manual" }', '')
}

/** A new folder with a haversack.toml, and migrations by their names. */
export async function schemaFolder({ config, migrations = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'haversack-schema-'))
  await mkdir(join(folder, 'migrations'))
  await writeFile(join(folder, 'haversack.toml'), config)
  for (const [name, sql] of Object.entries(migrations)) {
    await writeFile(join(folder, 'migrations', `${name}.sql`), sql)
  }
  return folder
}

export async function removeFolders(folders) {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
}
