// Written by `haversack pull`; do not edit.
import type { SchemaOf, Timestamp, TimestampInput } from 'haversack'

/** Row, insert and update types by table. */
export interface Tables {
  notes: {
    row: {
      readonly id: number
      readonly user_id: number
      readonly title: string
      readonly body: string | null
      readonly done: boolean
      readonly due: Timestamp | null
      readonly created_at: Timestamp
    }
    insert: {
      id?: number
      user_id?: number
      title: string
      body?: string | null
      done?: boolean
      due?: TimestampInput | null
    }
    update: {
      title?: string
      body?: string | null
      done?: boolean
      due?: TimestampInput | null
    }
    relations: {}
    key: number
  }
}

/** What the server enforces, for the client to enforce as well. */
export const schema: SchemaOf<Tables> = JSON.parse(
  '{"format":2,"fingerprint":"98c8353c6533d00630aea40aabe186e3efb36096a9183aef04bcefac228a2b11","server":15,"identity":{"claim":"sub","setting":"app.current_user_id"},"limits":{"body_bytes_max":16777216,"rows_max":50000},"tables":[{"name":"notes","columns":[{"name":"id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"title","type":{"name":"varchar","length":200},"nullable":false,"writable":true},{"name":"body","type":{"name":"text"},"nullable":true,"writable":true},{"name":"done","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true},{"name":"due","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["id"],"primary_key_name":"notes_pkey","insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"notes_title_check","sql":"((title)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":200},"text":"title"}]},{"op":"const","type":{"name":"text"},"text":""}]}}]}]}',
) as SchemaOf<Tables>
