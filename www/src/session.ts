/**
 * Who is signed in, and where the endpoint is.
 * The demo's own server plays the identity provider: it mints a short-lived token for whoever asks.
 */

import { del, get, set } from 'idb-keyval'

const USER_KEY = 'haversack.demo.user'
const changes = new BroadcastChannel(USER_KEY)

export interface DemoUser {
  id: number
  name: string
}

export interface Session {
  user: DemoUser
  endpoint: string
  /** A fresh token; rejects while the page's server can't be reached. */
  token: () => Promise<string>
}

interface DemoConfig {
  endpoint: string
}

/** The user of the last visit; null when nobody is signed in. */
export async function rememberedUser(): Promise<DemoUser | null> {
  // Not in localStorage: a browser that is killed may lose its last seconds of that.
  const user: unknown = await get(USER_KEY).catch(() => null)
  return isUser(user) ? user : null
}

export async function rememberUser(user: DemoUser | null): Promise<void> {
  await (user === null ? del(USER_KEY) : set(USER_KEY, user))
  changes.postMessage(null)
}

/** Calls back when another tab has signed in or out. */
export function onUserChangedElsewhere(callback: () => void): void {
  changes.addEventListener('message', callback)
}

/** Who may sign in. Offline, the service worker answers with the list of the last visit. */
export async function users(): Promise<DemoUser[]> {
  const found: unknown = await getJson('/demo/users')
  return Array.isArray(found) ? found.filter(isUser) : []
}

/** The session of a user. Offline, the service worker answers with the address of the last visit. */
export async function startSession(user: DemoUser): Promise<Session> {
  const config = (await getJson('/demo/config')) as DemoConfig
  return { user, endpoint: config.endpoint, token: () => mintToken(user) }
}

/** Puts the answers into the service worker's cache, so that the next visit can be offline. */
export async function warmOfflineAnswers(): Promise<void> {
  await Promise.allSettled([getJson('/demo/config'), getJson('/demo/users')])
}

async function mintToken(user: DemoUser): Promise<string> {
  const answer = await fetch('/demo/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: user.id }),
  })
  if (!answer.ok) throw new Error(`No token for ${user.name}: ${answer.status}`)
  return ((await answer.json()) as { token: string }).token
}

async function getJson(path: string): Promise<unknown> {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return answer.json()
}

function isUser(value: unknown): value is DemoUser {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as DemoUser).id === 'number' &&
    typeof (value as DemoUser).name === 'string'
  )
}
