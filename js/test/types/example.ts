// The example of the README: what stands between the lines has to compile as it is.
// -- example
import { between, HaversackError, open } from 'haversack'
import { schema } from '../schema.js' // written by `haversack pull`

const token = () => fetch('/token').then((response) => response.text())
const db = await open({ schema, url: 'https://example.org/api', token })

const due = db.events
  .where({ status: 'active', priority: between(4, 5), location: null })
  .orderBy('due_date')
  .limit(50)
const stop = due.live(({ rows }) => console.table(rows))

const write = db.events.insert({ title: 'Water the plants', due_date: new Date() })
await write.durable // on this device
await write.synced.catch((error: HaversackError) => console.warn(error.code, error.details))
// -- end
stop()
