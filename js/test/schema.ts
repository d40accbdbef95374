// A schema as `haversack pull` writes it, for the tests of this folder.
import type { JsonValue, SchemaOf, Timestamp, TimestampInput } from 'haversack'

/** The tables and their types. */
export interface Tables {
  events: {
    row: {
      readonly id: number
      readonly user_id: string
      readonly title: string
      readonly status: 'active' | 'completed' | 'cancelled'
      readonly priority: number
      readonly due_date: Timestamp | null
      readonly location: string | null
      readonly event_id: number | null
      readonly all_day: boolean
      readonly attendees: bigint
      readonly cost: string | null
      readonly custom_fields: JsonValue
      readonly labels: readonly string[] | null
      readonly cover: Uint8Array | null
      readonly search_key: string | null
    }
    insert: {
      readonly id?: number
      readonly user_id?: string
      readonly title: string
      readonly status?: 'active' | 'completed' | 'cancelled'
      readonly priority?: number
      readonly due_date?: TimestampInput | null
      readonly location?: string | null
      readonly event_id?: number | null
      readonly all_day?: boolean
      readonly attendees?: bigint
      readonly cost?: string | null
      readonly custom_fields?: JsonValue
      readonly labels?: readonly string[] | null
      readonly cover?: Uint8Array | null
    }
    update: {
      readonly title?: string
      readonly status?: 'active' | 'completed' | 'cancelled'
      readonly priority?: number
      readonly due_date?: TimestampInput | null
      readonly location?: string | null
      readonly event_id?: number | null
      readonly all_day?: boolean
      readonly attendees?: bigint
      readonly cost?: string | null
      readonly custom_fields?: JsonValue
      readonly labels?: readonly string[] | null
      readonly cover?: Uint8Array | null
    }
    relations: {
      /** tag_assignments_tag_id_fkey */
      readonly tag_assignments: {
        readonly table: 'tag_assignments'
        readonly many: true
        readonly optional: true
      }
    }
    key: number
  }
  tags: {
    row: { readonly id: string; readonly name: string }
    insert: { readonly id?: string; readonly name: string }
    update: { readonly name?: string }
    relations: {}
    key: string
  }
  tag_assignments: {
    row: {
      readonly entity_type: string
      readonly entity_id: number
      readonly tag_id: number
    }
    insert: {
      readonly entity_type: string
      readonly entity_id: number
      readonly tag_id: number
    }
    update: {
      readonly entity_type?: string
      readonly entity_id?: number
      readonly tag_id?: number
    }
    relations: {}
    key: readonly [entity_type: string, entity_id: number, tag_id: number]
  }
  counters: {
    row: { readonly id: bigint; readonly label: string | null }
    insert: { readonly id?: bigint; readonly label?: string | null }
    update: { readonly label?: string | null }
    relations: {}
    key: bigint
  }
  sync: {
    row: { readonly id: string; readonly note: string | null }
    insert: { readonly id: string; readonly note?: string | null }
    update: { readonly note?: string | null }
    relations: {}
    key: string
  }
  constructor: {
    row: { readonly id: number; readonly note: string | null }
    insert: { readonly id: number; readonly note?: string | null }
    update: { readonly note?: string | null }
    relations: {}
    key: number
  }
}

/** The canonical schema. */
export const schema: SchemaOf<Tables> = JSON.parse(
  '{"format":2,"fingerprint":"0000000000000000000000000000000000000000000000000000000000000000","server":15,"identity":{"claim":"sub","setting":"app.current_user_id"},"limits":{"body_bytes_max":16777216,"rows_max":50000},"tables":[{"name":"events","columns":[{"name":"id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"uuid"},"nullable":false,"identity":true,"writable":true},{"name":"title","type":{"name":"varchar","length":200},"nullable":false,"writable":true},{"name":"status","type":{"name":"enum","sql":"event_status","labels":["active","completed","cancelled"]},"nullable":false,"default":{"kind":"constant","text":"active"},"writable":true},{"name":"priority","type":{"name":"int4"},"nullable":false,"default":{"kind":"constant","text":"3"},"writable":true},{"name":"due_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"location","type":{"name":"text"},"nullable":true,"writable":true},{"name":"event_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"all_day","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"f"},"writable":true},{"name":"attendees","type":{"name":"int8"},"nullable":false,"default":{"kind":"constant","text":"0"},"writable":true},{"name":"cost","type":{"name":"numeric"},"nullable":true,"writable":true},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"labels","type":{"name":"array","of":{"name":"text"}},"nullable":true,"writable":true},{"name":"cover","type":{"name":"bytea"},"nullable":true,"writable":true},{"name":"search_key","type":{"name":"text"},"nullable":true,"generated":{"sql":"lower(title)"},"writable":false}],"primary_key":["id"],"primary_key_name":"events_pkey","insertable":true,"updatable":true,"deletable":true},{"name":"tags","columns":[{"name":"id","type":{"name":"uuid"},"nullable":false,"default":{"kind":"uuid"},"writable":true},{"name":"name","type":{"name":"text"},"nullable":false,"writable":true}],"primary_key":["id"],"primary_key_name":"tags_pkey","insertable":true,"updatable":true,"deletable":true},{"name":"tag_assignments","columns":[{"name":"entity_type","type":{"name":"text"},"nullable":false,"writable":true},{"name":"entity_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"tag_id","type":{"name":"int4"},"nullable":false,"writable":true}],"primary_key":["entity_type","entity_id","tag_id"],"primary_key_name":"tag_assignments_pkey","insertable":true,"updatable":true,"deletable":true},{"name":"counters","columns":[{"name":"id","type":{"name":"int8"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"label","type":{"name":"text"},"nullable":true,"writable":true}],"primary_key":["id"],"primary_key_name":"counters_pkey","insertable":true,"updatable":true,"deletable":true},{"name":"sync","columns":[{"name":"id","type":{"name":"text"},"nullable":false,"writable":true},{"name":"note","type":{"name":"text"},"nullable":true,"writable":true}],"primary_key":["id"],"primary_key_name":"sync_pkey","insertable":true,"updatable":true,"deletable":true},{"name":"constructor","columns":[{"name":"id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"note","type":{"name":"text"},"nullable":true,"writable":true}],"primary_key":["id"],"primary_key_name":"constructor_pkey","insertable":true,"updatable":true,"deletable":true}]}',
) as SchemaOf<Tables>
