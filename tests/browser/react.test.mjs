// `useLive` in real React, on a replica in a real browser; and what a server renders.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'

import { useLive } from 'haversack/react'

import { App } from '../support/app.mjs'

const MIGRATION = `
create table notes (id integer primary key, owner text not null, kind text not null, title text not null);
alter table notes enable row level security;
create policy own on notes using (owner = current_setting('app.current_user_id', true));
insert into notes values (1, 'ada', 'a', 'one'), (2, 'ada', 'b', 'two'), (3, 'ada', 'a', 'three');
`

/** What an application's bundler makes of React and the hook. */
const SCRIPT = `
  import { Component, StrictMode, createElement } from 'react'
  import { createRoot, hydrateRoot } from 'react-dom/client'
  import { flushSync } from 'react-dom'
  import { useLive } from 'haversack/react'
  globalThis.React = { Component, StrictMode, createElement, createRoot, flushSync, hydrateRoot, useLive }
`

let app
let tab

before(async () => {
  app = await App.over(MIGRATION, '[tables.notes]')
  const profile = await app.profile()
  tab = await profile.tab()
  await tab.open({ user: 'ada' })
  await tab.synced()
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"development"' },
  })
  await tab.page.evaluate(outputFiles[0].text)
  await tab.page.evaluate(define)
})
after(() => app?.stop())

/** For the page: two lists of one query each, and how often they were drawn. */
function define() {
  const { Component, StrictMode, createElement: h, useLive } = React
  globalThis.drawn = []
  globalThis.lists = new Map()
  function List({ kind }) {
    const rows = useLive(kind && db.notes.where({ kind }).orderBy('id'), [
      { id: 0, title: 'waiting' },
    ])
    drawn.push(kind)
    lists.set(kind, rows)
    return h('p', { id: kind ?? 'none' }, rows.map(({ title }) => title).join(', '))
  }
  class Boundary extends Component {
    state = { code: '' }
    static getDerivedStateFromError({ code }) {
      return { code }
    }
    render() {
      return this.state.code ? h('p', { id: 'failed' }, this.state.code) : this.props.children
    }
  }
  function Wrong() {
    return useLive(db.notes.where({ nothing: 1 })).length
  }
  globalThis.pageOf = (kinds, wrong = false) =>
    h(
      StrictMode,
      null,
      kinds.map((kind, i) => h(List, { key: i, kind })),
      wrong && h(Boundary, null, h(Wrong)),
    )
  const root = document.body.appendChild(document.createElement('div'))
  globalThis.root = React.createRoot(root)
  globalThis.shown = (kind) => document.getElementById(kind ?? 'none')?.textContent
}

test('the first render has the rows, and later ones what has become of them', async () => {
  const seen = await tab.page.evaluate(async () => {
    React.flushSync(() => root.render(pageOf(['a', 'b'])))
    const first = [shown('a'), shown('b')]
    const before = { a: lists.get('a'), b: lists.get('b') }
    await new Promise((resolve) => setTimeout(resolve, 50))
    drawn.length = 0
    db.notes.insert({ id: 4, kind: 'a', title: 'four' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    return {
      first,
      then: [shown('a'), shown('b')],
      drawn: [...new Set(drawn)],
      sameRow: lists.get('a')[0] === before.a[0],
      sameList: lists.get('b') === before.b,
    }
  })
  assert.deepEqual(seen, {
    first: ['one, three', 'two'],
    then: ['one, three, four', 'two'],
    drawn: ['a'],
    sameRow: true,
    sameList: true,
  })
})

test('a query made anew that asks the same stays subscribed, another one takes its place', async () => {
  const seen = await tab.page.evaluate(async () => {
    const live = db.notes.live
    let begun = 0
    const ofQueries = Object.getPrototypeOf(Object.getPrototypeOf(db.notes))
    ofQueries.live = function (...given) {
      begun++
      return live.apply(this, given)
    }
    React.flushSync(() => root.render(pageOf(['a', 'b'])))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const again = begun
    React.flushSync(() => root.render(pageOf(['b', 'b'])))
    const changed = [shown('a'), lists.get('b').length]
    await new Promise((resolve) => setTimeout(resolve, 50))
    ofQueries.live = live
    return { again, changed, begun: begun > 0 }
  })
  assert.deepEqual(seen, { again: 0, changed: [undefined, 1], begun: true })
})

test('without a query it is what was given, and one that fails is for an error boundary', async () => {
  const seen = await tab.page.evaluate(async () => {
    React.flushSync(() => root.render(pageOf([undefined], true)))
    return [shown(undefined), document.getElementById('failed')?.textContent]
  })
  assert.deepEqual(seen, ['waiting', 'unknown_column'])
  await tab.page.evaluate(() => root.unmount())
})

test('a server renders what was given, and the browser takes it over without a complaint', async () => {
  const given = [{ id: 9, title: 'from the server' }]
  const List = () => createElement('b', null, useLive(null, given)[0].title)
  assert.equal(renderToString(createElement(List)), '<b>from the server</b>')
  const seen = await tab.page.evaluate(async () => {
    const { createElement: h, hydrateRoot, useLive } = React
    const complaints = []
    const List = () =>
      h('b', null, useLive(db.notes.where({ kind: 'b' }), [{ title: 'from the server' }])[0].title)
    const element = document.body.appendChild(document.createElement('div'))
    element.innerHTML = '<b>from the server</b>'
    hydrateRoot(element, h(List), { onRecoverableError: (error) => complaints.push(error.message) })
    await new Promise((resolve) => setTimeout(resolve, 100))
    return { text: element.textContent, complaints }
  })
  assert.deepEqual(seen, { text: 'two', complaints: [] })
})
