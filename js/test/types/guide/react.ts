// The example of React in docs/guide.md: its block stands here, and so compiles. tests/browser/react.test.mjs
// has the hook at work.

import { ilike, type Database } from 'haversack'
import { useLive } from 'haversack/react'
import type { Tables } from './schema'

export function useOpenNotes(db: Database<Tables> | undefined, text: string) {
  const wanted = db?.notes.where({ done: false, title: ilike(`%${text}%`) })
  return useLive(wanted?.orderBy('due').limit(50))
}

const notes = useOpenNotes(undefined, 'rent')
const title: string | undefined = notes[0]?.title
// @ts-expect-error a note has no such column
notes[0]?.colour
export { title }
