// The triggers of V4: names in brackets become links to the notes of that title, or topics.

import type { Context, Value } from '../hooking.js'
import { rowsWhere } from '../hooking.js'
import { bracketedNames, characters, derivedUuid, topicSlug } from './names.js'

type Row = { readonly [column: string]: Value }

/** The longest label of a topic that is made of a name, in characters. */
const LABEL_CHARACTERS_MAX = 200

/** `extract_references()`; `old` is what the note was before, if it was there. */
export function extractReferences(note: Row, old: Row | undefined, context: Context): void {
  const names = bracketedNames(note.blocksuite_snapshot)
  for (const link of rowsWhere(context, 'note_links', { source_note_id: note.id as string })) {
    if (link.mention === null || names.includes(link.mention as string)) continue
    context.predicted.note_links!.delete(link.id as string)
  }
  if (old !== undefined) dropTopics(note, bracketedNames(old.blocksuite_snapshot), names, context)
  for (const name of names) {
    const target = noteOfTitle(name, note, context)
    if (target !== undefined) link(note.id as string, target.id as string, name, context)
    else if (characters(name) <= LABEL_CHARACTERS_MAX && name !== note.title) {
      mention(note, name, context)
    }
  }
}

/** `claim_references()`: a note that gets a title takes over where others had named it. */
export function claimReferences(note: Row, context: Context): void {
  const { db, predicted } = context
  const title = note.title as string
  const slug = topicSlug(title)
  for (const topic of rowsWhere(context, 'topics', { slug })) {
    for (const { note_id } of rowsWhere(context, 'note_topics', { topic_id: topic.id as string })) {
      const other = db.table('notes').get(note_id as string)
      if (other === undefined || other.id === note.id) continue
      if (!bracketedNames(other.blocksuite_snapshot).includes(title)) continue
      predicted.note_topics!.delete([note_id as string, topic.id as string])
      link(note_id as string, note.id as string, title, context)
    }
  }
}

function dropTopics(note: Row, before: string[], now: string[], context: Context): void {
  const kept = new Set(now.map(topicSlug))
  for (const slug of new Set(before.map(topicSlug))) {
    if (kept.has(slug)) continue
    for (const topic of rowsWhere(context, 'topics', { slug })) {
      const key = [note.id as string, topic.id as string]
      if (context.db.table('note_topics').get(key) === undefined) continue
      context.predicted.note_topics!.delete(key)
    }
  }
}

/** The note that a name means: the oldest of that title, archived ones last. */
function noteOfTitle(title: string, but: Row, context: Context): Row | undefined {
  const order = (row: Row): string => JSON.stringify([row.is_archived, row.created_at, row.id])
  return rowsWhere(context, 'notes', { title })
    .filter((row) => row.id !== but.id)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))[0]
}

function link(source: string, target: string, name: string, context: Context): void {
  const { db, predicted } = context
  const id = derivedUuid(`${source}/links/${target}`)
  const linked = rowsWhere(context, 'note_links', {
    source_note_id: source,
    target_note_id: target,
  })
  if (linked.length > 0 || db.table('note_links').get(id) !== undefined) return
  predicted.note_links!.insert({
    id,
    source_note_id: source,
    target_note_id: target,
    mention: name,
  })
}

function mention(note: Row, label: string, context: Context): void {
  const { db, predicted } = context
  const slug = topicSlug(label)
  const ofSlug = () => rowsWhere(context, 'topics', { slug })[0]
  const id = derivedUuid(`${String(note.user_id)}/topics/${slug}`)
  if (ofSlug() === undefined && db.table('topics').get(id) === undefined) {
    predicted.topics!.insert({ id, label, slug })
  }
  const topic = ofSlug()
  if (topic === undefined) return
  const key = { note_id: note.id as string, topic_id: topic.id as string }
  if (db.table('note_topics').get([key.note_id, key.topic_id]) !== undefined) return
  predicted.note_topics!.insert(key)
}
