// Written by `haversack pull`; do not edit.
import type { JsonValue, SchemaOf, Timestamp, TimestampInput } from 'haversack'

/** Row, insert and update types by table. */
export interface Tables {
  /** A kind of event, with the template that a new event starts from. */
  event_types: {
    row: {
      readonly event_type_id: number
      readonly user_id: number
      readonly name: string
      readonly description: string | null
      readonly icon: string | null
      readonly color: string | null
      readonly content_template: string | null
      /** Names that content_template may use between double braces. */
      readonly available_variables: JsonValue
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      event_type_id?: number
      user_id?: number
      name: string
      description?: string | null
      icon?: string | null
      color?: string | null
      content_template?: string | null
      available_variables?: JsonValue
      deleted_at?: TimestampInput | null
    }
    update: {
      name?: string
      description?: string | null
      icon?: string | null
      color?: string | null
      content_template?: string | null
      available_variables?: JsonValue
      deleted_at?: TimestampInput | null
    }
    key: number
  }
  /** Something that happens or is to be done. */
  events: {
    row: {
      readonly event_id: number
      readonly user_id: number
      readonly event_type_id: number | null
      readonly title: string
      readonly description: string | null
      /** 1 is lowest, 5 is highest. */
      readonly priority: number | null
      readonly budget: number | null
      readonly location: string | null
      readonly due_date: Timestamp | null
      readonly completed_date: Timestamp | null
      readonly status: 'active' | 'completed' | 'cancelled' | 'deferred'
      /** Whatever else the user wants to keep with it. */
      readonly custom_fields: JsonValue | null
      readonly created_at: Timestamp | null
      readonly updated_at: Timestamp | null
      readonly deleted_at: Timestamp | null
    }
    insert: {
      event_id?: number
      user_id?: number
      event_type_id?: number | null
      title: string
      description?: string | null
      priority?: number | null
      budget?: number | null
      location?: string | null
      due_date?: TimestampInput | null
      completed_date?: TimestampInput | null
      status?: 'active' | 'completed' | 'cancelled' | 'deferred'
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    update: {
      event_type_id?: number | null
      title?: string
      description?: string | null
      priority?: number | null
      budget?: number | null
      location?: string | null
      due_date?: TimestampInput | null
      completed_date?: TimestampInput | null
      status?: 'active' | 'completed' | 'cancelled' | 'deferred'
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    key: number
  }
  /** A kind of item, and whether its quantity is counted. */
  item_types: {
    row: {
      readonly item_type_id: number
      readonly user_id: number
      readonly name: string
      readonly category: string | null
      readonly description: string | null
      readonly icon: string | null
      readonly color: string | null
      readonly tracks_quantity: boolean
      readonly default_unit: string | null
      readonly content_template: string | null
      readonly available_variables: JsonValue
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      item_type_id?: number
      user_id?: number
      name: string
      category?: string | null
      description?: string | null
      icon?: string | null
      color?: string | null
      tracks_quantity?: boolean
      default_unit?: string | null
      content_template?: string | null
      available_variables?: JsonValue
      deleted_at?: TimestampInput | null
    }
    update: {
      name?: string
      category?: string | null
      description?: string | null
      icon?: string | null
      color?: string | null
      tracks_quantity?: boolean
      default_unit?: string | null
      content_template?: string | null
      available_variables?: JsonValue
      deleted_at?: TimestampInput | null
    }
    key: number
  }
  /** Something that one has. */
  items: {
    row: {
      readonly item_id: number
      readonly user_id: number
      readonly item_type_id: number | null
      readonly name: string
      readonly description: string | null
      readonly quantity: number | null
      readonly unit: string | null
      readonly value: number | null
      readonly location: string | null
      readonly status: 'active' | 'inactive' | 'consumed' | 'lost'
      readonly custom_fields: JsonValue | null
      readonly created_at: Timestamp | null
      readonly updated_at: Timestamp | null
      readonly deleted_at: Timestamp | null
    }
    insert: {
      item_id?: number
      user_id?: number
      item_type_id?: number | null
      name: string
      description?: string | null
      quantity?: number | null
      unit?: string | null
      value?: number | null
      location?: string | null
      status?: 'active' | 'inactive' | 'consumed' | 'lost'
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    update: {
      item_type_id?: number | null
      name?: string
      description?: string | null
      quantity?: number | null
      unit?: string | null
      value?: number | null
      location?: string | null
      status?: 'active' | 'inactive' | 'consumed' | 'lost'
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    key: number
  }
  /** A relationship between any two events or items. */
  links: {
    row: {
      readonly link_id: number
      readonly user_id: number
      readonly from_type: 'event' | 'item'
      readonly from_id: number
      readonly to_type: 'event' | 'item'
      readonly to_id: number
      readonly relationship_type: string
      readonly metadata: JsonValue
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
    }
    insert: {
      link_id?: number
      user_id?: number
      from_type: 'event' | 'item'
      from_id: number
      to_type: 'event' | 'item'
      to_id: number
      relationship_type?: string
      metadata?: JsonValue
    }
    update: {
      from_type?: 'event' | 'item'
      from_id?: number
      to_type?: 'event' | 'item'
      to_id?: number
      relationship_type?: string
      metadata?: JsonValue
    }
    key: number
  }
  /** A tag on an event or an item. */
  tag_assignments: {
    row: {
      readonly taggable_type: 'event' | 'item'
      readonly taggable_id: number
      readonly tag_id: number
      readonly user_id: number
      readonly created_at: Timestamp
    }
    insert: {
      taggable_type: 'event' | 'item'
      taggable_id: number
      tag_id: number
      user_id?: number
    }
    update: {
      taggable_type?: 'event' | 'item'
      taggable_id?: number
      tag_id?: number
    }
    key: readonly ['event' | 'item', number, number]
  }
  /** A word that its owner puts on anything. */
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
      tag_id?: number
      user_id?: number
      name: string
      color?: string
    }
    update: {
      name?: string
      color?: string
    }
    key: number
  }
  /** A person who signs in. Everything else belongs to exactly one. */
  users: {
    row: {
      readonly user_id: number
      readonly username: string
      readonly email: string
      readonly workspace_config: JsonValue | null
      readonly view_preferences: JsonValue | null
      readonly onboarding_state: JsonValue | null
      readonly subscription_tier: string | null
      readonly storage_used_mb: number | null
      readonly created_at: Timestamp | null
      readonly updated_at: Timestamp | null
      readonly last_login_at: Timestamp | null
      readonly deleted_at: Timestamp | null
    }
    /** No privilege is granted. */
    insert: never
    update: {
      username?: string
      email?: string
      workspace_config?: JsonValue | null
      view_preferences?: JsonValue | null
      onboarding_state?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    key: number
  }
}

/** What the server enforces, for the client to enforce as well. */
export const schema: SchemaOf<Tables> = JSON.parse(
  '{"format":1,"fingerprint":"cef36d7c88646e03e3cbd7897104f8c6253b21b6329b9c2b6efe66676ab2fa51","identity":{"claim":"sub","setting":"app.current_user_id"},"limits":{"body_bytes_max":16777216,"rows_max":50000},"tables":[{"name":"event_types","columns":[{"name":"event_type_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"icon","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"color","type":{"name":"varchar","length":7},"nullable":true,"writable":true},{"name":"content_template","type":{"name":"text"},"nullable":true,"writable":true},{"name":"available_variables","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"[]"},"writable":true,"comment":"Names that content_template may use between double braces."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_type_id"],"insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"event_types_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"event_types_user_id_event_type_id_key","columns":[{"expression":"user_id","column":true},{"expression":"event_type_id","column":true}]}],"checks":[{"name":"event_types_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)"},{"name":"event_types_name_check","sql":"((name)::text <> \'\'::text)"}],"foreign_keys":[{"name":"event_types_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"comment":"A kind of event, with the template that a new event starts from."},{"name":"events","columns":[{"name":"event_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"event_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"title","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"priority","type":{"name":"int4"},"nullable":true,"writable":true,"comment":"1 is lowest, 5 is highest."},{"name":"budget","type":{"name":"numeric","precision":10,"scale":2},"nullable":true,"writable":true},{"name":"location","type":{"name":"varchar","length":200},"nullable":true,"writable":true,"collation":"C"},{"name":"due_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"completed_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"status","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"active"},"writable":true},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"Whatever else the user wants to keep with it."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_id"],"insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"events_budget_check","sql":"(budget >= (0)::numeric)"},{"name":"events_budget_within_subscription","sql":"event_budget_allowed(user_id, budget)"},{"name":"events_priority_check","sql":"((priority >= 1) AND (priority <= 5))"},{"name":"events_status_check","sql":"((status)::text = ANY ((ARRAY[\'active\'::character varying, \'completed\'::character varying, \'cancelled\'::character varying, \'deferred\'::character varying])::text[]))"},{"name":"events_title_check","sql":"((title)::text <> \'\'::text)"}],"foreign_keys":[{"name":"events_user_id_event_type_id_fkey","columns":["user_id","event_type_id"],"references":"event_types","referenced_columns":["user_id","event_type_id"],"on_delete":"no_action","on_update":"no_action"},{"name":"events_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_events_budget","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"budget","column":true}],"predicate":"((deleted_at IS NULL) AND (budget IS NOT NULL))"},{"name":"idx_events_custom_fields","method":"gin","parts":[{"expression":"custom_fields","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"idx_events_location","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"location","column":true}],"predicate":"((deleted_at IS NULL) AND (location IS NOT NULL))"},{"name":"idx_events_priority_filter","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"priority","column":true},{"expression":"due_date","column":true}],"predicate":"((deleted_at IS NULL) AND ((status)::text = \'active\'::text))"},{"name":"idx_events_type","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"event_type_id","column":true}]},{"name":"idx_events_user_active","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"status","column":true},{"expression":"due_date","column":true}],"predicate":"(deleted_at IS NULL)"}],"comment":"Something that happens or is to be done."},{"name":"item_types","columns":[{"name":"item_type_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C"},{"name":"category","type":{"name":"varchar","length":100},"nullable":true,"writable":true,"collation":"C"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"icon","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"color","type":{"name":"varchar","length":7},"nullable":true,"writable":true},{"name":"tracks_quantity","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"true"},"writable":true},{"name":"default_unit","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"content_template","type":{"name":"text"},"nullable":true,"writable":true},{"name":"available_variables","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"[]"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["item_type_id"],"insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"item_types_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"item_types_user_id_item_type_id_key","columns":[{"expression":"user_id","column":true},{"expression":"item_type_id","column":true}]}],"checks":[{"name":"item_types_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)"},{"name":"item_types_name_check","sql":"((name)::text <> \'\'::text)"}],"foreign_keys":[{"name":"item_types_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_item_types_category","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"category","column":true}]}],"comment":"A kind of item, and whether its quantity is counted."},{"name":"items","columns":[{"name":"item_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"item_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"name","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"quantity","type":{"name":"numeric","precision":10,"scale":3},"nullable":true,"default":{"kind":"constant","text":"1.000"},"writable":true},{"name":"unit","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"value","type":{"name":"numeric","precision":10,"scale":2},"nullable":true,"writable":true},{"name":"location","type":{"name":"varchar","length":200},"nullable":true,"writable":true,"collation":"C"},{"name":"status","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"active"},"writable":true},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["item_id"],"insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"items_name_check","sql":"((name)::text <> \'\'::text)"},{"name":"items_status_check","sql":"((status)::text = ANY ((ARRAY[\'active\'::character varying, \'inactive\'::character varying, \'consumed\'::character varying, \'lost\'::character varying])::text[]))"}],"foreign_keys":[{"name":"items_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"items_user_id_item_type_id_fkey","columns":["user_id","item_type_id"],"references":"item_types","referenced_columns":["user_id","item_type_id"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_items_custom_fields","method":"gin","parts":[{"expression":"custom_fields","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"idx_items_location","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"location","column":true}],"predicate":"((deleted_at IS NULL) AND (location IS NOT NULL))"},{"name":"idx_items_quantity","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"quantity","column":true}],"predicate":"((deleted_at IS NULL) AND (quantity > (0)::numeric))"},{"name":"idx_items_type","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"item_type_id","column":true}]},{"name":"idx_items_user_active","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"status","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"idx_items_value","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"value","column":true,"descending":true,"nulls_first":true}],"predicate":"((deleted_at IS NULL) AND (value IS NOT NULL))"}],"comment":"Something that one has."},{"name":"links","columns":[{"name":"link_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"from_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C"},{"name":"from_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"to_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C"},{"name":"to_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"relationship_type","type":{"name":"varchar","length":50},"nullable":false,"default":{"kind":"constant","text":"related"},"writable":true,"collation":"C"},{"name":"metadata","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["link_id"],"insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"links_user_id_from_type_from_id_to_type_to_id_relationship__key","columns":[{"expression":"user_id","column":true},{"expression":"from_type","column":true},{"expression":"from_id","column":true},{"expression":"to_type","column":true},{"expression":"to_id","column":true},{"expression":"relationship_type","column":true}]}],"checks":[{"name":"links_from_type_check","sql":"((from_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))"},{"name":"links_not_to_itself","sql":"(((from_type)::text <> (to_type)::text) OR (from_id <> to_id))"},{"name":"links_to_type_check","sql":"((to_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))"}],"foreign_keys":[{"name":"links_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_links_to","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"to_type","column":true},{"expression":"to_id","column":true}]}],"comment":"A relationship between any two events or items."},{"name":"tag_assignments","columns":[{"name":"taggable_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C"},{"name":"taggable_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"tag_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["taggable_type","taggable_id","tag_id"],"insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"tag_assignments_taggable_type_check","sql":"((taggable_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))"}],"foreign_keys":[{"name":"tag_assignments_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"tag_assignments_user_id_tag_id_fkey","columns":["user_id","tag_id"],"references":"tags","referenced_columns":["user_id","tag_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_tag_assignments_tag","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"tag_id","column":true},{"expression":"taggable_type","column":true},{"expression":"taggable_id","column":true}]}],"comment":"A tag on an event or an item."},{"name":"tags","columns":[{"name":"tag_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C"},{"name":"color","type":{"name":"varchar","length":7},"nullable":false,"default":{"kind":"constant","text":"#64748b"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["tag_id"],"insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"tags_user_id_name_key","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}]},{"name":"tags_user_id_tag_id_key","columns":[{"expression":"user_id","column":true},{"expression":"tag_id","column":true}]}],"checks":[{"name":"tags_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)"},{"name":"tags_name_check","sql":"((name)::text <> \'\'::text)"}],"foreign_keys":[{"name":"tags_user_id_fkey","columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"comment":"A word that its owner puts on anything."},{"name":"users","columns":[{"name":"user_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"identity":true,"writable":true},{"name":"username","type":{"name":"varchar","length":50},"nullable":false,"writable":true,"collation":"C"},{"name":"email","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C"},{"name":"workspace_config","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"view_preferences","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"onboarding_state","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"subscription_tier","type":{"name":"varchar","length":20},"nullable":true,"default":{"kind":"constant","text":"free"},"writable":false},{"name":"storage_used_mb","type":{"name":"int4"},"nullable":true,"default":{"kind":"constant","text":"0"},"writable":false},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"last_login_at","type":{"name":"timestamptz"},"nullable":true,"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["user_id"],"insertable":false,"updatable":true,"deletable":false,"uniques":[{"name":"users_email_key","columns":[{"expression":"email","column":true}]},{"name":"users_username_key","columns":[{"expression":"username","column":true}]}],"checks":[{"name":"users_storage_used_mb_check","sql":"(storage_used_mb >= 0)"}],"foreign_keys":[{"name":"users_subscription_tier_fkey","columns":["subscription_tier"],"references":"subscription_limits","referenced_columns":["subscription_tier"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_users_email","method":"btree","parts":[{"expression":"email","column":true}],"predicate":"(deleted_at IS NULL)"},{"name":"idx_users_subscription","method":"btree","parts":[{"expression":"subscription_tier","column":true},{"expression":"created_at","column":true}]},{"name":"idx_users_username","method":"btree","parts":[{"expression":"username","column":true}],"predicate":"(deleted_at IS NULL)"}],"comment":"A person who signs in. Everything else belongs to exactly one."}]}',
) as SchemaOf<Tables>
