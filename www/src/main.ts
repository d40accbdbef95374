/** Starts the page: its service worker, who is signed in, and the drawing. */

import { html, render, type TemplateResult } from 'lit-html'
import { Agenda } from './agenda'
import { openAgenda } from './data'
import { showState } from './dataset'
import { installServiceWorker } from './install'
import { handleKey } from './keyboard'
import {
  onUserChangedElsewhere,
  rememberedUser,
  rememberUser,
  startSession,
  users,
  warmOfflineAnswers,
  type DemoUser,
} from './session'
import { attentionView } from './views/attention'
import { detailView } from './views/detail'
import { filtersView } from './views/filters'
import { headerView } from './views/header'
import { insideView } from './views/inside'
import { listView, Viewport } from './views/list'
import { helpView, noticeView } from './views/notice'
import { signInView, type SignIn } from './views/signin'
import { statusView } from './views/status'

/** How often the ages in the status line are written anew. */
const AGE_INTERVAL_MS = 5000

const root = document.getElementById('app') as HTMLElement
let viewport = new Viewport()
let agenda: Agenda | null = null
let signIn: SignIn | null = null
let failure: string | null = null
let drawing = false

function draw(): void {
  if (drawing) return
  drawing = true
  requestAnimationFrame(() => {
    drawing = false
    drawNow()
  })
}

function drawNow(): void {
  const revealing = agenda?.revealing ?? null
  if (agenda) agenda.revealing = null
  render(page(), root)
  const rows = document.getElementById('rows')
  if (rows) viewport.attach(rows, draw)
  // Scrolling needs the new height, and shows other rows: they are drawn in this same frame.
  if (revealing && viewport.reveal(revealing.index, revealing.atTop)) render(page(), root)
  focusWhatAsksForIt()
  showState(agenda)
}

function page(): TemplateResult {
  if (failure !== null) return failureView(failure)
  if (agenda) return agendaView(agenda)
  if (signIn) return signInView(signIn)
  return html`<main class="signin" aria-busy="true"><p>Opening your agenda…</p></main>`
}

function agendaView(open: Agenda): TemplateResult {
  return html`
    <div class="agenda ${open.panel === 'none' ? '' : 'with-panel'}" ?inert=${open.helpOpen}>
      ${headerView(open, () => void signOut())}
      <main class="body">
        ${filtersView(open)} ${listView(open, viewport)}
        ${open.panel === 'event' ? detailView(open) : null}
        ${open.panel === 'attention' ? attentionView(open) : null}
        ${open.panel === 'inside' ? insideView(open) : null}
      </main>
      ${statusView(open, Date.now())} ${noticeView(open)}
    </div>
    ${open.helpOpen ? helpView(open) : null}
  `
}

function failureView(text: string): TemplateResult {
  return html`<main class="signin">
    <h1>This did not work</h1>
    <p role="alert" data-testid="failure">${text}</p>
    <button class="primary" @click=${() => location.reload()}>Reload</button>
    <button class="quiet" @click=${() => void signOut()}>Sign in as someone else</button>
  </main>`
}

/** A field that has just appeared to be typed into gets the focus, once. */
function focusWhatAsksForIt(): void {
  const field = root.querySelector<HTMLElement>('[data-autofocus]:not([data-focused])')
  if (!field) return
  field.dataset['focused'] = ''
  field.focus()
  if (field instanceof HTMLInputElement) field.select()
}

async function openFor(user: DemoUser): Promise<void> {
  signIn = null
  failure = null
  draw()
  try {
    const session = await startSession(user)
    const db = await openAgenda(session)
    agenda = new Agenda(db, session, draw)
    // For whoever opens the console, and for the check that drives this page: the public API.
    Object.assign(window, { haversackDemo: { db } })
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  draw()
}

async function signOut(): Promise<void> {
  await rememberUser(null)
  const open = agenda
  agenda = null
  failure = null
  viewport = new Viewport()
  Object.assign(window, { haversackDemo: undefined })
  await askWho()
  await open?.close()
}

async function askWho(): Promise<void> {
  const ask = (found: readonly DemoUser[] | null, problem: string | null): void => {
    signIn = { users: found, problem, choose, retry: () => void askWho() }
    draw()
  }
  ask(null, null)
  try {
    ask(await users(), null)
  } catch {
    ask(null, 'The page’s server can’t be reached. Signing in for the first time needs a network.')
  }
}

async function choose(user: DemoUser): Promise<void> {
  await rememberUser(user)
  await openFor(user)
}

async function start(): Promise<void> {
  void installServiceWorker((takeOver) => {
    if (!agenda) takeOver()
    else agenda.say('There is a new version of this page.', { label: 'Reload', run: takeOver })
  })
  navigator.serviceWorker?.addEventListener('controllerchange', () => void warmOfflineAnswers())
  document.addEventListener('keydown', (e) => agenda && handleKey(agenda, viewport.rows, e))
  onUserChangedElsewhere(() => location.reload())
  setInterval(draw, AGE_INTERVAL_MS)
  const user = await rememberedUser()
  await (user ? openFor(user) : askWho())
}

void start()
