/** What the database is busy with, drawn by React: `db.inspect()`, and two queries kept live by `useLive`. */

import { count, type Inspection } from 'haversack'
import { useLive } from 'haversack/react'
import { StrictMode, useEffect, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Db } from '../data'
import { count as countText, moment, plural } from '../format'

/** How often it is inspected while it is looked at: costs change without any event. */
const LOOK_INTERVAL_MS = 1000
/** So many of the last operations are shown. */
const OPERATIONS_SHOWN = 5

/** Draws the panel's body into an element; gives what ends that. */
export function mount(element: Element, db: Db): () => void {
  const root = createRoot(element)
  root.render(
    <StrictMode>
      <Inside db={db} />
    </StrictMode>,
  )
  return () => root.unmount()
}

function Inside({ db }: { readonly db: Db }): ReactNode {
  const found = useInspection(db)
  const statuses = useLive(
    db.events.where({ deleted_at: null }).groupBy('status').aggregate({ events: count() }),
  )
  const operations = useLive(
    db.operation_logs.orderBy(['timestamp', 'desc'], ['log_id', 'desc']).limit(OPERATIONS_SHOWN),
  )
  if (found === null) return <p className="empty">Looking…</p>
  return (
    <>
      <Standing found={found} />
      <section>
        <h3>Events</h3>
        <dl className="facts">
          {statuses.map(({ status, events }) => (
            <Fact key={status} name={status} value={countText(events)} />
          ))}
        </dl>
      </section>
      <section>
        <h3>Waiting to be sent</h3>
        {found.queue.length === 0 ? <p className="soft">Nothing.</p> : <Queue found={found} />}
      </section>
      <section>
        <h3>Live queries</h3>
        <Queries found={found} />
      </section>
      <section>
        <h3>Last operations, as the server noted them</h3>
        <ul className="plain">
          {operations.map((one) => (
            <li key={one.log_id}>
              {one.operation_type.toLowerCase()} {one.entity_type} {one.entity_id}
            </li>
          ))}
        </ul>
      </section>
      <Copy found={found} />
    </>
  )
}

/** What `db.inspect()` gives, again and again; null before the first time. */
function useInspection(db: Db): Inspection | null {
  const [found, setFound] = useState<Inspection | null>(null)
  useEffect(() => {
    let ended = false
    const look = (): void => {
      db.inspect().then(
        (inspection) => {
          if (!ended) setFound(inspection)
        },
        // The database is being closed, and this panel with it.
        () => {},
      )
    }
    look()
    const stop = db.sync.onChange(look)
    const timer = setInterval(look, LOOK_INTERVAL_MS)
    return () => {
      ended = true
      stop()
      clearInterval(timer)
    }
  }, [db])
  return found
}

function Standing({ found }: { readonly found: Inspection }): ReactNode {
  const { status, standing, tables, memory } = found
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return (
    <dl className="facts">
      <Fact name="State" value={`${status.state}${status.leader ? ', leads' : ''}`} />
      <Fact name="Rows" value={`${countText(rows)} in ${plural(tables.length, 'table')}`} />
      <Fact name="Memory" value={`${(memory / 2 ** 20).toFixed(0)} MB`} />
      {standing && (
        <>
          <Fact name="Replica" value={standing.replica} />
          <Fact
            name="Cursor"
            value={standing.cursor ?? 'before the first sync'}
            id="inside-cursor"
          />
          <Fact name="Epoch" value={standing.epoch ?? 'none'} />
          <Fact name="Answers" value={countText(standing.patch)} />
        </>
      )}
    </dl>
  )
}

function Queue({ found }: { readonly found: Inspection }): ReactNode {
  return (
    <ul className="plain" data-testid="inside-queue">
      {found.queue.map(({ seq, local, at, ops }) => (
        <li key={seq ?? `local ${local}`}>
          {seq ?? '…'}: {ops.map(({ op, table }) => `${op} ${table}`).join(', ')}, {moment(at)}
        </li>
      ))}
    </ul>
  )
}

function Queries({ found }: { readonly found: Inspection }): ReactNode {
  return (
    <ul className="cards">
      {found.queries.map(({ query, rows, asked, told, milliseconds }, i) => (
        <li key={i} className="card" data-testid="inside-query">
          <code>{JSON.stringify(query)}</code>
          <p className="soft">
            {plural(rows ?? 0, 'row')}; asked {plural(asked, 'time')}, told {plural(told, 'time')};{' '}
            {milliseconds.toFixed(1)} ms in all
          </p>
        </li>
      ))}
    </ul>
  )
}

function Copy({ found }: { readonly found: Inspection }): ReactNode {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(JSON.stringify(found, null, 2))
    setCopied(true)
  }
  return (
    <div className="card-actions">
      <button className="quiet" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy all of it as JSON'}
      </button>
    </div>
  )
}

function Fact(props: {
  readonly name: string
  readonly value: string
  readonly id?: string
}): ReactNode {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd data-testid={props.id}>{props.value}</dd>
    </div>
  )
}
