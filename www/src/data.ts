/**
 * The agenda's database: the one place where the page opens `haversack`.
 * What is shown, and how, is not decided here.
 */

import { open } from 'haversack'
import { schema, type Tables } from './schema'
import type { Session } from './session'

export type { LostValue, MutationOp, RejectedMutation } from 'haversack'
export type Db = Awaited<ReturnType<typeof openAgenda>>
export type AgendaEvent = Tables['events']['row']
export type EventChange = Tables['events']['update']
export type Tag = Tables['tags']['row']

/** Opens the replica of a user. Never waits for the network. */
export function openAgenda(session: Session) {
  return open({ schema, url: session.endpoint, token: session.token })
}
