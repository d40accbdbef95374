/**
 * The agenda's database: the one place where the page opens `haversack`.
 * What is shown, and how, is not decided here.
 */

import { open, type Database, type HaversackError } from 'haversack'
import { schema, type Tables } from './schema'
import type { Session } from './session'

export type { LostValue, MutationOp, OpenConflict, RejectedMutation } from 'haversack'
export type Db = Database<Tables>
export type AgendaEvent = Tables['events']['row']
export type EventChange = Tables['events']['update']
export type Tag = Tables['tags']['row']

/**
 * Opens the replica of a user. Waits for the network only where the device holds somebody else's
 * last: then the first token has to say that the user is another one now.
 */
export async function openAgenda(session: Session): Promise<Db> {
  const options = { schema, url: session.endpoint, token: session.token }
  const db = await open(options)
  if (db.user === null || db.user === String(session.user.id)) return db
  const error = await ending(db)
  if (error?.code !== 'identity_changed') throw error ?? new Error('The database was closed.')
  return open(options)
}

/** Why a database has ended, as soon as it has. */
function ending(db: Db): Promise<HaversackError | null> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (db.sync.status.state === 'closed') resolve(db.sync.status.error)
    }
    db.sync.onChange(look)
    look()
  })
}
