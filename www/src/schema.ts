// Written by `haversack pull`. Do not edit.
import type { JsonValue, SchemaOf, Timestamp, TimestampInput } from 'haversack'

export interface Tables {
  users: {
    row: {
      readonly user_id: number
      readonly username: string
      readonly email: string
      readonly workspace_config: JsonValue | null
      readonly view_preferences: JsonValue | null
      readonly onboarding_state: JsonValue | null
      readonly subscription_tier: string | null
      readonly deleted_at: Timestamp | null
    }
    insert: {
      readonly user_id?: number
      readonly username: string
      readonly email: string
      readonly workspace_config?: JsonValue | null
      readonly view_preferences?: JsonValue | null
      readonly onboarding_state?: JsonValue | null
      readonly deleted_at?: TimestampInput | null
    }
    update: {
      readonly username?: string
      readonly email?: string
      readonly workspace_config?: JsonValue | null
      readonly view_preferences?: JsonValue | null
      readonly onboarding_state?: JsonValue | null
      readonly deleted_at?: TimestampInput | null
    }
    key: number
  }
  event_types: {
    row: {
      readonly event_type_id: number
      readonly user_id: number
      readonly name: string
      readonly description: string | null
      readonly deleted_at: Timestamp | null
    }
    insert: {
      readonly event_type_id?: number
      readonly user_id?: number
      readonly name: string
      readonly description?: string | null
      readonly deleted_at?: TimestampInput | null
    }
    update: {
      readonly user_id?: number
      readonly name?: string
      readonly description?: string | null
      readonly deleted_at?: TimestampInput | null
    }
    key: number
  }
  events: {
    row: {
      readonly event_id: number
      readonly user_id: number
      readonly event_type_id: number | null
      readonly title: string
      readonly description: string | null
      readonly priority: number | null
      readonly budget: number | null
      readonly location: string | null
      readonly due_date: Timestamp | null
      readonly completed_date: Timestamp | null
      readonly status: string
      readonly custom_fields: JsonValue | null
      readonly created_at: Timestamp | null
      readonly updated_at: Timestamp | null
      readonly deleted_at: Timestamp | null
    }
    insert: {
      readonly event_id?: number
      readonly user_id?: number
      readonly event_type_id?: number | null
      readonly title: string
      readonly description?: string | null
      readonly priority?: number | null
      readonly budget?: number | null
      readonly location?: string | null
      readonly due_date?: TimestampInput | null
      readonly completed_date?: TimestampInput | null
      readonly status?: string
      readonly custom_fields?: JsonValue | null
      readonly deleted_at?: TimestampInput | null
    }
    update: {
      readonly user_id?: number
      readonly event_type_id?: number | null
      readonly title?: string
      readonly description?: string | null
      readonly priority?: number | null
      readonly budget?: number | null
      readonly location?: string | null
      readonly due_date?: TimestampInput | null
      readonly completed_date?: TimestampInput | null
      readonly status?: string
      readonly custom_fields?: JsonValue | null
      readonly deleted_at?: TimestampInput | null
    }
    key: number
  }
  tags: {
    row: {
      readonly tag_id: number
      readonly user_id: number
      readonly name: string
      readonly color: string
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
    }
    insert: {
      readonly tag_id?: number
      readonly user_id?: number
      readonly name: string
      readonly color?: string
    }
    update: {
      readonly user_id?: number
      readonly name?: string
      readonly color?: string
    }
    key: number
  }
  tag_assignments: {
    row: {
      readonly taggable_type: string
      readonly taggable_id: number
      readonly tag_id: number
      readonly user_id: number
      readonly created_at: Timestamp
    }
    insert: {
      readonly taggable_type: string
      readonly taggable_id: number
      readonly tag_id: number
      readonly user_id?: number
    }
    update: {
      readonly taggable_type?: string
      readonly taggable_id?: number
      readonly tag_id?: number
      readonly user_id?: number
    }
    key: readonly [string, number, number]
  }
}

export const schema: SchemaOf<Tables> = JSON.parse(
  '{"format":1,"fingerprint":"0000000000000000000000000000000000000000000000000000000000000000","identity":{"claim":"sub","setting":"app.current_user_id"},"limits":{"body_bytes_max":16777216,"rows_max":50000},"tables":[{"name":"users","columns":[{"name":"user_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"username","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"email","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"workspace_config","type":{"name":"jsonb"},"nullable":true,"writable":true},{"name":"view_preferences","type":{"name":"jsonb"},"nullable":true,"writable":true},{"name":"onboarding_state","type":{"name":"jsonb"},"nullable":true,"writable":true},{"name":"subscription_tier","type":{"name":"varchar"},"nullable":true,"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["user_id"],"insertable":true,"updatable":true,"deletable":true},{"name":"event_types","columns":[{"name":"event_type_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_type_id"],"insertable":true,"updatable":true,"deletable":true},{"name":"events","columns":[{"name":"event_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"event_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"title","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"priority","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"budget","type":{"name":"numeric"},"nullable":true,"writable":true},{"name":"location","type":{"name":"varchar"},"nullable":true,"writable":true},{"name":"due_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"completed_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"status","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_id"],"insertable":true,"updatable":true,"deletable":true},{"name":"tags","columns":[{"name":"tag_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"color","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"writable":false}],"primary_key":["tag_id"],"insertable":true,"updatable":true,"deletable":true},{"name":"tag_assignments","columns":[{"name":"taggable_type","type":{"name":"varchar"},"nullable":false,"writable":true},{"name":"taggable_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"tag_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"writable":false}],"primary_key":["taggable_type","taggable_id","tag_id"],"insertable":true,"updatable":true,"deletable":true}]}',
) as SchemaOf<Tables>
