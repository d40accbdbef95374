/** The sign-in screen: whose agenda to open. */

import { html, type TemplateResult } from 'lit-html'
import type { DemoUser } from '../session'

export interface SignIn {
  users: readonly DemoUser[] | null
  problem: string | null
  choose: (user: DemoUser) => void
  retry: () => void
}

export function signInView({ users, problem, choose, retry }: SignIn): TemplateResult {
  return html`
    <main class="signin">
      <img src="/icons/icon.svg" alt="" width="72" height="72" />
      <h1>Haversack <span>Agenda</span></h1>
      <p>
        An agenda that lives in Postgres and comes along in your browser, with or without a network.
      </p>
      ${
        problem === null
          ? html`<h2 id="who">Who is it?</h2>
              <ul aria-labelledby="who">
                ${users === null ? html`<li class="loading">Asking…</li>` : users.map((u) => choice(u, choose))}
              </ul>`
          : html`<div class="problem" role="alert">
              <p>${problem}</p>
              <button class="primary" @click=${retry}>Try again</button>
            </div>`
      }
      <p class="fineprint">A demo: anyone may be anyone, so there is no password.</p>
    </main>
  `
}

function choice(user: DemoUser, choose: (user: DemoUser) => void): TemplateResult {
  return html`<li>
    <button data-testid="signin-user-${user.id}" @click=${() => choose(user)}>
      <span class="initial" aria-hidden="true">${user.name.slice(0, 1).toUpperCase()}</span>
      ${user.name}
    </button>
  </li>`
}
