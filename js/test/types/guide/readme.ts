import { notNull, open } from 'haversack'
import { schema } from './schema' // written by `haversack pull`

const token = () => fetch('/token').then((response) => response.text())
const db = await open({ schema, url: 'https://sync.example.org', token })

const due = db.notes.where({ done: false, due: notNull() }).orderBy('due').limit(50)
due.live(({ rows }) => console.table(rows)) // now, and after every change, whoever made it

export async function add(title: string) {
  const write = db.notes.insert({ title, due: new Date() }) // visible at once, id and defaults filled in
  await write.durable // on this device's disk
  await write.synced // in Postgres, which may be days later
}
