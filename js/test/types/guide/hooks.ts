import { defineHooks, open, refuse } from 'haversack'
import { schema, type Tables } from './schema.js'

const hooks = defineHooks<Tables>({
  notes: {
    before: {
      insert: (row) => ({ written: { title: row.title.trim() } }),
      update: (row, old) => {
        if (old.done && !row.done) {
          refuse({ message: 'a note that is done stays done', sqlstate: 'P0001', table: 'notes' })
        }
      },
    },
    after: {
      update: (row, old, { now, written }) => {
        // The next one of a note that comes back every day.
        if (row.done && !old.done && row.body === 'daily') {
          written.notes.insert({ title: row.title, body: 'daily', due: now })
        }
      },
    },
  },
})

export const opened = (url: string, token: () => Promise<string>) =>
  open({ schema, url, token, hooks })
