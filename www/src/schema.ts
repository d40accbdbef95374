// Written by `haversack pull`; do not edit.
import type { JsonValue, SchemaOf, Timestamp, TimestampInput } from 'haversack'

/** Row, insert and update types by table. */
export interface Tables {
  /** A saved filter: its members are what the filter finds now. */
  collections: {
    row: {
      readonly collection_id: number
      readonly user_id: number
      readonly name: string
      readonly description: string | null
      readonly icon: string | null
      readonly color: string | null
      /** The query as a value (CQL): table, predicates, order, limit. */
      readonly filter_config: JsonValue
      /** How the members are shown. */
      readonly view_config: JsonValue
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      collection_id?: number
      user_id?: number
      name: string
      description?: string | null
      icon?: string | null
      color?: string | null
      filter_config?: JsonValue
      view_config?: JsonValue
      deleted_at?: TimestampInput | null
    }
    update: {
      name?: string
      description?: string | null
      icon?: string | null
      color?: string | null
      filter_config?: JsonValue
      view_config?: JsonValue
      deleted_at?: TimestampInput | null
    }
    relations: {
      /** collections_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
    }
    key: number
  }
  /** An event or item that was deleted, softly or for good, and what hung on it. */
  deleted_entities: {
    row: {
      readonly deletion_id: number
      readonly user_id: number
      readonly entity_type: 'event' | 'item'
      readonly entity_id: number
      readonly entity_data: JsonValue
      /** By table, the rows that hung on it. */
      readonly related_data: JsonValue
      readonly deleted_at: Timestamp
      /** Set it to bring the entity back with what hung on it. */
      readonly restored_at: Timestamp | null
    }
    /** No privilege is granted. */
    insert: never
    update: {
      restored_at?: TimestampInput | null
    }
    relations: {
      /** deleted_entities_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
    }
    key: number
  }
  /** Which fields an event or item has; on a type, which ones each of its kind has. */
  entity_fields: {
    row: {
      readonly entity_type: 'event' | 'item' | 'event_type' | 'item_type'
      readonly entity_id: number
      readonly field_id: number
      readonly user_id: number
      readonly sequence_order: number
      readonly is_required: boolean
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
    }
    insert: {
      entity_type: 'event' | 'item' | 'event_type' | 'item_type'
      entity_id: number
      field_id: number
      user_id?: number
      sequence_order?: number
      is_required?: boolean
    }
    update: {
      entity_type?: 'event' | 'item' | 'event_type' | 'item_type'
      entity_id?: number
      field_id?: number
      sequence_order?: number
      is_required?: boolean
    }
    relations: {
      /** entity_fields_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** entity_fields_user_id_field_id_fkey */
      readonly field: {
        readonly table: 'field_definitions'
        readonly many: false
        readonly optional: false
      }
      /** entity_id */
      readonly event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** entity_id */
      readonly event_type: {
        readonly table: 'event_types'
        readonly many: false
        readonly optional: true
      }
      /** entity_id */
      readonly item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
      /** entity_id */
      readonly item_type: {
        readonly table: 'item_types'
        readonly many: false
        readonly optional: true
      }
    }
    key: readonly ['event' | 'item' | 'event_type' | 'item_type', number, number]
  }
  /** A file of an event or item. What it holds is elsewhere, at file_path. */
  entity_files: {
    row: {
      readonly id: number
      readonly user_id: number
      readonly entity_type: 'event' | 'item'
      readonly entity_id: number
      readonly file_path: string
      readonly file_name: string
      readonly mime_type: string
      readonly size_bytes: bigint | null
      /** SHA-256 in hex. */
      readonly checksum: string | null
      /** How far the upload has come. */
      readonly sync_status: 'pending' | 'uploading' | 'synced' | 'failed'
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
    }
    insert: {
      id?: number
      user_id?: number
      entity_type: 'event' | 'item'
      entity_id: number
      file_path: string
      file_name: string
      mime_type?: string
      size_bytes?: bigint | null
      checksum?: string | null
      sync_status?: 'pending' | 'uploading' | 'synced' | 'failed'
    }
    update: {
      entity_type?: 'event' | 'item'
      entity_id?: number
      file_path?: string
      file_name?: string
      mime_type?: string
      size_bytes?: bigint | null
      checksum?: string | null
      sync_status?: 'pending' | 'uploading' | 'synced' | 'failed'
    }
    relations: {
      /** entity_files_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** entity_id */
      readonly event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** entity_id */
      readonly item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
    }
    key: number
  }
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
    relations: {
      /** event_types_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** events_user_id_event_type_id_fkey */
      readonly events: {
        readonly table: 'events'
        readonly many: true
        readonly optional: true
      }
      /** routines_user_id_event_type_id_fkey */
      readonly routines: {
        readonly table: 'routines'
        readonly many: true
        readonly optional: true
      }
      /** entity_id */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
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
      readonly completed_date: Timestamp | null
      readonly status: 'active' | 'completed' | 'cancelled' | 'deferred'
      /** Starred by its owner. */
      readonly is_favorite: boolean
      /** Whatever else the user wants to keep with it. */
      readonly custom_fields: JsonValue | null
      readonly created_at: Timestamp | null
      readonly updated_at: Timestamp | null
      readonly deleted_at: Timestamp | null
      /** 1 is lowest, 5 is highest. */
      readonly priority: number | null
      readonly budget: number | null
      readonly location: string | null
      readonly due_date: Timestamp | null
    }
    insert: {
      event_id?: number
      user_id?: number
      event_type_id?: number | null
      title: string
      description?: string | null
      completed_date?: TimestampInput | null
      status?: 'active' | 'completed' | 'cancelled' | 'deferred'
      is_favorite?: boolean
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
      priority?: number | null
      budget?: number | null
      location?: string | null
      due_date?: TimestampInput | null
    }
    update: {
      event_type_id?: number | null
      title?: string
      description?: string | null
      completed_date?: TimestampInput | null
      status?: 'active' | 'completed' | 'cancelled' | 'deferred'
      is_favorite?: boolean
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
      priority?: number | null
      budget?: number | null
      location?: string | null
      due_date?: TimestampInput | null
    }
    relations: {
      /** events_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** events_user_id_event_type_id_fkey */
      readonly event_type: {
        readonly table: 'event_types'
        readonly many: false
        readonly optional: true
      }
      /** routine_event_instances_user_id_event_id_fkey */
      readonly routine_event_instances: {
        readonly table: 'routine_event_instances'
        readonly many: true
        readonly optional: true
      }
      /** entity_id */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
      /** entity_id */
      readonly entity_files: {
        readonly table: 'entity_files'
        readonly many: true
        readonly optional: true
      }
      /** from_id */
      readonly links_as_from: {
        readonly table: 'links'
        readonly many: true
        readonly optional: true
      }
      /** to_id */
      readonly links_as_to: {
        readonly table: 'links'
        readonly many: true
        readonly optional: true
      }
      /** linked_id */
      readonly list_items: {
        readonly table: 'list_items'
        readonly many: true
        readonly optional: true
      }
      /** taggable_id */
      readonly tag_assignments: {
        readonly table: 'tag_assignments'
        readonly many: true
        readonly optional: true
      }
    }
    key: number
  }
  /** A field that its owner made up; entity_fields says what has it. */
  field_definitions: {
    row: {
      readonly field_id: number
      readonly user_id: number
      /** The key under which custom_fields holds its value. */
      readonly field_name: string
      readonly field_type: 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'select' | 'multi_select' | 'url' | 'email' | 'json'
      readonly label: string | null
      readonly description: string | null
      readonly category: string | null
      /** A JSON Schema for the value. */
      readonly validation_schema: JsonValue
      readonly default_value: JsonValue | null
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      field_id?: number
      user_id?: number
      field_name: string
      field_type?: 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'select' | 'multi_select' | 'url' | 'email' | 'json'
      label?: string | null
      description?: string | null
      category?: string | null
      validation_schema?: JsonValue
      default_value?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    update: {
      field_name?: string
      field_type?: 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'select' | 'multi_select' | 'url' | 'email' | 'json'
      label?: string | null
      description?: string | null
      category?: string | null
      validation_schema?: JsonValue
      default_value?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    relations: {
      /** field_definitions_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** entity_fields_user_id_field_id_fkey */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
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
    relations: {
      /** item_types_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** items_user_id_item_type_id_fkey */
      readonly items: {
        readonly table: 'items'
        readonly many: true
        readonly optional: true
      }
      /** entity_id */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
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
      /** Starred by its owner. */
      readonly is_favorite: boolean
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
      is_favorite?: boolean
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
      is_favorite?: boolean
      custom_fields?: JsonValue | null
      deleted_at?: TimestampInput | null
    }
    relations: {
      /** items_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** items_user_id_item_type_id_fkey */
      readonly item_type: {
        readonly table: 'item_types'
        readonly many: false
        readonly optional: true
      }
      /** entity_id */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
      /** entity_id */
      readonly entity_files: {
        readonly table: 'entity_files'
        readonly many: true
        readonly optional: true
      }
      /** from_id */
      readonly links_as_from: {
        readonly table: 'links'
        readonly many: true
        readonly optional: true
      }
      /** to_id */
      readonly links_as_to: {
        readonly table: 'links'
        readonly many: true
        readonly optional: true
      }
      /** linked_id */
      readonly list_items: {
        readonly table: 'list_items'
        readonly many: true
        readonly optional: true
      }
      /** taggable_id */
      readonly tag_assignments: {
        readonly table: 'tag_assignments'
        readonly many: true
        readonly optional: true
      }
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
    relations: {
      /** links_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** from_id */
      readonly from_event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** from_id */
      readonly from_item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
      /** to_id */
      readonly to_event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** to_id */
      readonly to_item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
    }
    key: number
  }
  /** An entry of a list: a text, a linked event or item, or a link with a note. */
  list_items: {
    row: {
      readonly list_item_id: number
      readonly user_id: number
      readonly list_id: number
      readonly text_content: string | null
      readonly linked_type: 'event' | 'item' | null
      readonly linked_id: number | null
      readonly is_checked: boolean
      readonly sequence_order: number
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
    }
    insert: {
      list_item_id?: number
      user_id?: number
      list_id: number
      text_content?: string | null
      linked_type?: 'event' | 'item' | null
      linked_id?: number | null
      is_checked?: boolean
      sequence_order?: number
    }
    update: {
      list_id?: number
      text_content?: string | null
      linked_type?: 'event' | 'item' | null
      linked_id?: number | null
      is_checked?: boolean
      sequence_order?: number
    }
    relations: {
      /** list_items_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** list_items_user_id_list_id_fkey */
      readonly list: {
        readonly table: 'lists'
        readonly many: false
        readonly optional: false
      }
      /** linked_id */
      readonly event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** linked_id */
      readonly item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
    }
    key: number
  }
  /** A list of words, of events and items, or of both. */
  lists: {
    row: {
      readonly list_id: number
      readonly user_id: number
      readonly title: string
      readonly description: string | null
      readonly is_ordered: boolean
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      list_id?: number
      user_id?: number
      title: string
      description?: string | null
      is_ordered?: boolean
      deleted_at?: TimestampInput | null
    }
    update: {
      title?: string
      description?: string | null
      is_ordered?: boolean
      deleted_at?: TimestampInput | null
    }
    relations: {
      /** lists_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** list_items_user_id_list_id_fkey */
      readonly list_items: {
        readonly table: 'list_items'
        readonly many: true
        readonly optional: true
      }
    }
    key: number
  }
  /** What users did, written by triggers. */
  operation_logs: {
    row: {
      readonly log_id: number
      readonly user_id: number
      readonly operation_type: 'CREATE' | 'UPDATE' | 'DELETE'
      readonly entity_type: string
      /** Null where the key has several columns; `changes` names them then. */
      readonly entity_id: number | null
      /** Of an UPDATE, by column, the value before and after; of a DELETE, the row; of a CREATE with a key of several columns, the key. */
      readonly changes: JsonValue | null
      readonly timestamp: Timestamp
    }
    /** No privilege is granted. */
    insert: never
    /** No privilege is granted. */
    update: never
    relations: {
      /** operation_logs_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
    }
    key: number
  }
  /** That a routine has made its event for a day; once per day. */
  routine_event_instances: {
    row: {
      readonly instance_id: number
      readonly user_id: number
      readonly routine_id: number
      readonly event_id: number | null
      readonly scheduled_date: Timestamp
      readonly created_at: Timestamp
    }
    insert: {
      instance_id?: number
      user_id?: number
      routine_id: number
      event_id?: number | null
      scheduled_date: TimestampInput
    }
    update: {
      routine_id?: number
      event_id?: number | null
      scheduled_date?: TimestampInput
    }
    relations: {
      /** routine_event_instances_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** routine_event_instances_user_id_routine_id_fkey */
      readonly routine: {
        readonly table: 'routines'
        readonly many: false
        readonly optional: false
      }
      /** routine_event_instances_user_id_event_id_fkey */
      readonly event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
    }
    key: number
  }
  /** A schedule that makes events. */
  routines: {
    row: {
      readonly routine_id: number
      readonly user_id: number
      readonly event_type_id: number | null
      readonly title: string
      readonly description: string | null
      /** A recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO. */
      readonly schedule_pattern: string
      readonly starts_at: Timestamp
      readonly ends_at: Timestamp | null
      /** Where the rule's days and hours are counted; a name of the IANA database. */
      readonly time_zone: string
      /** How long before its day an event is made. */
      readonly days_ahead: number
      /** Columns of the events that it makes. */
      readonly event_template: JsonValue
      readonly is_active: boolean
      /** Days before this have been dealt with. */
      readonly generated_until: Timestamp | null
      readonly created_at: Timestamp
      readonly updated_at: Timestamp
      readonly deleted_at: Timestamp | null
    }
    insert: {
      routine_id?: number
      user_id?: number
      event_type_id?: number | null
      title: string
      description?: string | null
      schedule_pattern: string
      starts_at?: TimestampInput
      ends_at?: TimestampInput | null
      time_zone?: string
      days_ahead?: number
      event_template?: JsonValue
      is_active?: boolean
      generated_until?: TimestampInput | null
      deleted_at?: TimestampInput | null
    }
    update: {
      event_type_id?: number | null
      title?: string
      description?: string | null
      schedule_pattern?: string
      starts_at?: TimestampInput
      ends_at?: TimestampInput | null
      time_zone?: string
      days_ahead?: number
      event_template?: JsonValue
      is_active?: boolean
      generated_until?: TimestampInput | null
      deleted_at?: TimestampInput | null
    }
    relations: {
      /** routines_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** routines_user_id_event_type_id_fkey */
      readonly event_type: {
        readonly table: 'event_types'
        readonly many: false
        readonly optional: true
      }
      /** routine_event_instances_user_id_routine_id_fkey */
      readonly routine_event_instances: {
        readonly table: 'routine_event_instances'
        readonly many: true
        readonly optional: true
      }
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
    relations: {
      /** tag_assignments_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** tag_assignments_user_id_tag_id_fkey */
      readonly tag: {
        readonly table: 'tags'
        readonly many: false
        readonly optional: false
      }
      /** taggable_id */
      readonly event: {
        readonly table: 'events'
        readonly many: false
        readonly optional: true
      }
      /** taggable_id */
      readonly item: {
        readonly table: 'items'
        readonly many: false
        readonly optional: true
      }
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
    relations: {
      /** tags_user_id_fkey */
      readonly user: {
        readonly table: 'users'
        readonly many: false
        readonly optional: false
      }
      /** tag_assignments_user_id_tag_id_fkey */
      readonly tag_assignments: {
        readonly table: 'tag_assignments'
        readonly many: true
        readonly optional: true
      }
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
    relations: {
      /** collections_user_id_fkey */
      readonly collections: {
        readonly table: 'collections'
        readonly many: true
        readonly optional: true
      }
      /** deleted_entities_user_id_fkey */
      readonly deleted_entities: {
        readonly table: 'deleted_entities'
        readonly many: true
        readonly optional: true
      }
      /** entity_fields_user_id_fkey */
      readonly entity_fields: {
        readonly table: 'entity_fields'
        readonly many: true
        readonly optional: true
      }
      /** entity_files_user_id_fkey */
      readonly entity_files: {
        readonly table: 'entity_files'
        readonly many: true
        readonly optional: true
      }
      /** event_types_user_id_fkey */
      readonly event_types: {
        readonly table: 'event_types'
        readonly many: true
        readonly optional: true
      }
      /** events_user_id_fkey */
      readonly events: {
        readonly table: 'events'
        readonly many: true
        readonly optional: true
      }
      /** field_definitions_user_id_fkey */
      readonly field_definitions: {
        readonly table: 'field_definitions'
        readonly many: true
        readonly optional: true
      }
      /** item_types_user_id_fkey */
      readonly item_types: {
        readonly table: 'item_types'
        readonly many: true
        readonly optional: true
      }
      /** items_user_id_fkey */
      readonly items: {
        readonly table: 'items'
        readonly many: true
        readonly optional: true
      }
      /** links_user_id_fkey */
      readonly links: {
        readonly table: 'links'
        readonly many: true
        readonly optional: true
      }
      /** list_items_user_id_fkey */
      readonly list_items: {
        readonly table: 'list_items'
        readonly many: true
        readonly optional: true
      }
      /** lists_user_id_fkey */
      readonly lists: {
        readonly table: 'lists'
        readonly many: true
        readonly optional: true
      }
      /** operation_logs_user_id_fkey */
      readonly operation_logs: {
        readonly table: 'operation_logs'
        readonly many: true
        readonly optional: true
      }
      /** routine_event_instances_user_id_fkey */
      readonly routine_event_instances: {
        readonly table: 'routine_event_instances'
        readonly many: true
        readonly optional: true
      }
      /** routines_user_id_fkey */
      readonly routines: {
        readonly table: 'routines'
        readonly many: true
        readonly optional: true
      }
      /** tag_assignments_user_id_fkey */
      readonly tag_assignments: {
        readonly table: 'tag_assignments'
        readonly many: true
        readonly optional: true
      }
      /** tags_user_id_fkey */
      readonly tags: {
        readonly table: 'tags'
        readonly many: true
        readonly optional: true
      }
    }
    key: number
  }
}

/** What the server enforces, for the client to enforce as well. */
export const schema: SchemaOf<Tables> = JSON.parse(
  '{"format":2,"fingerprint":"e4a864dddd0b5d8501819847d868ba7ac5730935af5a4bc1146ddaa551b6c83c","server":15,"identity":{"claim":"sub","setting":"app.current_user_id"},"limits":{"body_bytes_max":16777216,"rows_max":50000},"tables":[{"name":"collections","columns":[{"name":"collection_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"icon","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"color","type":{"name":"varchar","length":7},"nullable":true,"writable":true},{"name":"filter_config","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"The query as a value (CQL): table, predicates, order, limit."},{"name":"view_config","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"How the members are shown."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["collection_id"],"primary_key_name":"collections_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"collections_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"checks":[{"name":"collections_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":7},"text":"color"}]},{"op":"const","type":{"name":"text"},"text":"^#[0-9a-fA-F]{6}$"}]}},{"name":"collections_filter_config_check","sql":"(jsonb_typeof(filter_config) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"filter_config"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}},{"name":"collections_name_check","sql":"((name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":100},"text":"name"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"collections_view_config_check","sql":"(jsonb_typeof(view_config) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"view_config"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}}],"foreign_keys":[{"name":"collections_user_id_fkey","rank":15,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_collections_filter","method":"gin","parts":[{"expression":"filter_config","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"comment":"A saved filter: its members are what the filter finds now."},{"name":"deleted_entities","columns":[{"name":"deletion_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":false},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":false},{"name":"entity_type","type":{"name":"varchar","length":20},"nullable":false,"writable":false,"collation":"C","letters":"ascii"},{"name":"entity_id","type":{"name":"int4"},"nullable":false,"writable":false},{"name":"entity_data","type":{"name":"jsonb"},"nullable":false,"writable":false},{"name":"related_data","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":false,"comment":"By table, the rows that hung on it."},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"restored_at","type":{"name":"timestamptz"},"nullable":true,"writable":true,"comment":"Set it to bring the entity back with what hung on it."}],"primary_key":["deletion_id"],"primary_key_name":"deleted_entities_pkey","insertable":false,"updatable":true,"deletable":true,"uniques":[{"name":"deleted_entities_once","columns":[{"expression":"user_id","column":true},{"expression":"entity_type","column":true},{"expression":"entity_id","column":true}],"predicate":{"sql":"(restored_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"restored_at"}]}}}],"checks":[{"name":"deleted_entities_entity_data_check","sql":"(jsonb_typeof(entity_data) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"entity_data"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}},{"name":"deleted_entities_entity_type_check","sql":"((entity_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"entity_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}},{"name":"deleted_entities_related_data_check","sql":"(jsonb_typeof(related_data) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"related_data"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}},{"name":"deleted_entities_restored_after","sql":"(restored_at >= deleted_at)","expr":{"op":"ge","args":[{"op":"column","type":{"name":"timestamptz"},"text":"restored_at"},{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}],"foreign_keys":[{"name":"deleted_entities_user_id_fkey","rank":26,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_deleted_entities_time","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"deleted_at","column":true,"descending":true,"nulls_first":true}]}],"comment":"An event or item that was deleted, softly or for good, and what hung on it."},{"name":"entity_fields","columns":[{"name":"entity_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"entity_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"field_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"sequence_order","type":{"name":"int4"},"nullable":false,"default":{"kind":"constant","text":"0"},"writable":true},{"name":"is_required","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["entity_type","entity_id","field_id"],"primary_key_name":"entity_fields_pkey","insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"entity_fields_entity_type_check","sql":"((entity_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying, \'event_type\'::character varying, \'item_type\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"entity_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item,event_type,item_type}"}]}},{"name":"entity_fields_sequence_order_check","sql":"(sequence_order >= 0)","expr":{"op":"ge","args":[{"op":"column","type":{"name":"int4"},"text":"sequence_order"},{"op":"const","type":{"name":"int4"},"text":"0"}]}}],"foreign_keys":[{"name":"entity_fields_user_id_fkey","rank":13,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"entity_fields_user_id_field_id_fkey","rank":14,"columns":["user_id","field_id"],"references":"field_definitions","referenced_columns":["user_id","field_id"],"on_delete":"cascade","on_update":"no_action"}],"polymorphic":[{"column":"entity_id","by":"entity_type","tables":{"event":"events","event_type":"event_types","item":"items","item_type":"item_types"}}],"indexes":[{"name":"idx_entity_fields_entity","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"entity_type","column":true},{"expression":"entity_id","column":true},{"expression":"sequence_order","column":true}]},{"name":"idx_entity_fields_field","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"field_id","column":true}]}],"comment":"Which fields an event or item has; on a type, which ones each of its kind has."},{"name":"entity_files","columns":[{"name":"id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"entity_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"entity_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"file_path","type":{"name":"varchar","length":1024},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"file_name","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"mime_type","type":{"name":"varchar","length":127},"nullable":false,"default":{"kind":"constant","text":"application/octet-stream"},"writable":true},{"name":"size_bytes","type":{"name":"int8"},"nullable":true,"writable":true},{"name":"checksum","type":{"name":"char","length":64},"nullable":true,"writable":true,"comment":"SHA-256 in hex."},{"name":"sync_status","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"pending"},"writable":true,"comment":"How far the upload has come."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["id"],"primary_key_name":"entity_files_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"entity_files_user_id_entity_type_entity_id_file_path_key","columns":[{"expression":"user_id","column":true},{"expression":"entity_type","column":true},{"expression":"entity_id","column":true},{"expression":"file_path","column":true}]}],"checks":[{"name":"entity_files_checksum_check","sql":"(checksum ~ \'^[0-9a-f]{64}$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"call","type":{"name":"text"},"text":"char_pad","args":[{"op":"column","type":{"name":"char","length":64},"text":"checksum"},{"op":"const","type":{"name":"int4"},"text":"64"}]},{"op":"const","type":{"name":"text"},"text":"^[0-9a-f]{64}$"}]}},{"name":"entity_files_entity_type_check","sql":"((entity_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"entity_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}},{"name":"entity_files_file_name_check","sql":"((file_name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":255},"text":"file_name"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"entity_files_file_path_check","sql":"((file_path)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":1024},"text":"file_path"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"entity_files_size_bytes_check","sql":"(size_bytes >= 0)","expr":{"op":"ge","args":[{"op":"column","type":{"name":"int8"},"text":"size_bytes"},{"op":"const","type":{"name":"int8"},"text":"0"}]}},{"name":"entity_files_sync_status_check","sql":"((sync_status)::text = ANY ((ARRAY[\'pending\'::character varying, \'uploading\'::character varying, \'synced\'::character varying, \'failed\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"sync_status"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{pending,uploading,synced,failed}"}]}}],"foreign_keys":[{"name":"entity_files_user_id_fkey","rank":24,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"polymorphic":[{"column":"entity_id","by":"entity_type","tables":{"event":"events","item":"items"}}],"indexes":[{"name":"idx_entity_files_status","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"sync_status","column":true}],"predicate":{"sql":"((sync_status)::text <> \'synced\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"sync_status"}]},{"op":"const","type":{"name":"text"},"text":"synced"}]}}}],"comment":"A file of an event or item. What it holds is elsewhere, at file_path."},{"name":"event_types","columns":[{"name":"event_type_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"icon","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"color","type":{"name":"varchar","length":7},"nullable":true,"writable":true},{"name":"content_template","type":{"name":"text"},"nullable":true,"writable":true},{"name":"available_variables","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"[]"},"writable":true,"comment":"Names that content_template may use between double braces."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_type_id"],"primary_key_name":"event_types_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"event_types_user_id_event_type_id_key","columns":[{"expression":"user_id","column":true},{"expression":"event_type_id","column":true}]},{"name":"event_types_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"checks":[{"name":"event_types_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":7},"text":"color"}]},{"op":"const","type":{"name":"text"},"text":"^#[0-9a-fA-F]{6}$"}]}},{"name":"event_types_name_check","sql":"((name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":100},"text":"name"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"event_types_user_id_fkey","rank":2,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"comment":"A kind of event, with the template that a new event starts from."},{"name":"events","columns":[{"name":"event_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"event_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"title","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"completed_date","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"status","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"active"},"writable":true},{"name":"is_favorite","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true,"comment":"Starred by its owner."},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"Whatever else the user wants to keep with it."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"priority","type":{"name":"int4"},"nullable":true,"writable":true,"comment":"1 is lowest, 5 is highest."},{"name":"budget","type":{"name":"numeric","precision":10,"scale":2},"nullable":true,"writable":true,"policy":"manual"},{"name":"location","type":{"name":"varchar","length":200},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"due_date","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["event_id"],"primary_key_name":"events_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"events_user_id_event_id_key","columns":[{"expression":"user_id","column":true},{"expression":"event_id","column":true}]}],"checks":[{"name":"events_budget_check","sql":"(budget >= (0)::numeric)","expr":{"op":"ge","args":[{"op":"cast","type":{"name":"numeric"},"args":[{"op":"column","type":{"name":"numeric","precision":10,"scale":2},"text":"budget"}]},{"op":"const","type":{"name":"numeric"},"text":"0"}]}},{"name":"events_budget_within_subscription","sql":"event_budget_allowed(user_id, budget)","reason":"it calls the function event_budget_allowed, which is the database\'s own"},{"name":"events_priority_check","sql":"((priority >= 1) AND (priority <= 5))","expr":{"op":"and","args":[{"op":"ge","args":[{"op":"column","type":{"name":"int4"},"text":"priority"},{"op":"const","type":{"name":"int4"},"text":"1"}]},{"op":"le","args":[{"op":"column","type":{"name":"int4"},"text":"priority"},{"op":"const","type":{"name":"int4"},"text":"5"}]}]}},{"name":"events_status_check","sql":"((status)::text = ANY ((ARRAY[\'active\'::character varying, \'completed\'::character varying, \'cancelled\'::character varying, \'deferred\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"status"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{active,completed,cancelled,deferred}"}]}},{"name":"events_title_check","sql":"((title)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":255},"text":"title"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"events_user_id_fkey","rank":4,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"events_user_id_event_type_id_fkey","rank":5,"columns":["user_id","event_type_id"],"references":"event_types","referenced_columns":["user_id","event_type_id"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_events_favorites","method":"btree","parts":[{"expression":"user_id","column":true}],"predicate":{"sql":"(is_favorite AND (deleted_at IS NULL))","expr":{"op":"and","args":[{"op":"column","text":"is_favorite"},{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}]}}},{"name":"idx_events_type","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"event_type_id","column":true}]},{"name":"idx_events_custom_fields","method":"gin","parts":[{"expression":"custom_fields","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_events_user_active","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"status","column":true},{"expression":"due_date","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_events_priority_due","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"priority","column":true},{"expression":"due_date","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_events_priority_filter","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"priority","column":true},{"expression":"due_date","column":true}],"predicate":{"sql":"((deleted_at IS NULL) AND ((status)::text = \'active\'::text))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"status"}]},{"op":"const","type":{"name":"text"},"text":"active"}]}]}}},{"name":"idx_events_location","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"location","column":true}],"predicate":{"sql":"((deleted_at IS NULL) AND (location IS NOT NULL))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"is_not_null","args":[{"op":"column","type":{"name":"varchar","length":200},"text":"location"}]}]}}},{"name":"idx_events_budget","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"budget","column":true}],"predicate":{"sql":"((deleted_at IS NULL) AND (budget IS NOT NULL))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"is_not_null","args":[{"op":"column","type":{"name":"numeric","precision":10,"scale":2},"text":"budget"}]}]}}}],"comment":"Something that happens or is to be done."},{"name":"field_definitions","columns":[{"name":"field_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"field_name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C","letters":"ascii","comment":"The key under which custom_fields holds its value."},{"name":"field_type","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"text"},"writable":true},{"name":"label","type":{"name":"varchar","length":200},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"category","type":{"name":"varchar","length":100},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"validation_schema","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"A JSON Schema for the value."},{"name":"default_value","type":{"name":"jsonb"},"nullable":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["field_id"],"primary_key_name":"field_definitions_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"field_definitions_user_id_field_id_key","columns":[{"expression":"user_id","column":true},{"expression":"field_id","column":true}]},{"name":"field_definitions_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"field_name","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"checks":[{"name":"field_definitions_field_name_check","sql":"((field_name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":100},"text":"field_name"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"field_definitions_field_type_check","sql":"((field_type)::text = ANY ((ARRAY[\'text\'::character varying, \'number\'::character varying, \'boolean\'::character varying, \'date\'::character varying, \'datetime\'::character varying, \'select\'::character varying, \'multi_select\'::character varying, \'url\'::character varying, \'email\'::character varying, \'json\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"field_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{text,number,boolean,date,datetime,select,multi_select,url,email,json}"}]}},{"name":"field_definitions_validation_schema_check","sql":"(jsonb_typeof(validation_schema) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"validation_schema"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}}],"foreign_keys":[{"name":"field_definitions_user_id_fkey","rank":12,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_field_definitions_category","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"category","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"comment":"A field that its owner made up; entity_fields says what has it."},{"name":"item_types","columns":[{"name":"item_type_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"category","type":{"name":"varchar","length":100},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"icon","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"color","type":{"name":"varchar","length":7},"nullable":true,"writable":true},{"name":"tracks_quantity","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"true"},"writable":true},{"name":"default_unit","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"content_template","type":{"name":"text"},"nullable":true,"writable":true},{"name":"available_variables","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"[]"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["item_type_id"],"primary_key_name":"item_types_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"item_types_user_id_item_type_id_key","columns":[{"expression":"user_id","column":true},{"expression":"item_type_id","column":true}]},{"name":"item_types_name_unique","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"checks":[{"name":"item_types_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":7},"text":"color"}]},{"op":"const","type":{"name":"text"},"text":"^#[0-9a-fA-F]{6}$"}]}},{"name":"item_types_name_check","sql":"((name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":100},"text":"name"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"item_types_user_id_fkey","rank":3,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_item_types_category","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"category","column":true}]}],"comment":"A kind of item, and whether its quantity is counted."},{"name":"items","columns":[{"name":"item_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"item_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"name","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"quantity","type":{"name":"numeric","precision":10,"scale":3},"nullable":true,"default":{"kind":"constant","text":"1.000"},"writable":true},{"name":"unit","type":{"name":"varchar","length":50},"nullable":true,"writable":true},{"name":"value","type":{"name":"numeric","precision":10,"scale":2},"nullable":true,"writable":true},{"name":"location","type":{"name":"varchar","length":200},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"status","type":{"name":"varchar","length":20},"nullable":false,"default":{"kind":"constant","text":"active"},"writable":true},{"name":"is_favorite","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true,"comment":"Starred by its owner."},{"name":"custom_fields","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["item_id"],"primary_key_name":"items_pkey","insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"items_name_check","sql":"((name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":255},"text":"name"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"items_status_check","sql":"((status)::text = ANY ((ARRAY[\'active\'::character varying, \'inactive\'::character varying, \'consumed\'::character varying, \'lost\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"status"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{active,inactive,consumed,lost}"}]}}],"foreign_keys":[{"name":"items_user_id_fkey","rank":6,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"items_user_id_item_type_id_fkey","rank":7,"columns":["user_id","item_type_id"],"references":"item_types","referenced_columns":["user_id","item_type_id"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_items_user_active","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"status","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_items_quantity","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"quantity","column":true}],"predicate":{"sql":"((deleted_at IS NULL) AND (quantity > (0)::numeric))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"gt","args":[{"op":"cast","type":{"name":"numeric"},"args":[{"op":"column","type":{"name":"numeric","precision":10,"scale":3},"text":"quantity"}]},{"op":"const","type":{"name":"numeric"},"text":"0"}]}]}}},{"name":"idx_items_value","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"value","column":true,"descending":true,"nulls_first":true}],"predicate":{"sql":"((deleted_at IS NULL) AND (value IS NOT NULL))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"is_not_null","args":[{"op":"column","type":{"name":"numeric","precision":10,"scale":2},"text":"value"}]}]}}},{"name":"idx_items_location","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"location","column":true}],"predicate":{"sql":"((deleted_at IS NULL) AND (location IS NOT NULL))","expr":{"op":"and","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]},{"op":"is_not_null","args":[{"op":"column","type":{"name":"varchar","length":200},"text":"location"}]}]}}},{"name":"idx_items_type","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"item_type_id","column":true}]},{"name":"idx_items_favorites","method":"btree","parts":[{"expression":"user_id","column":true}],"predicate":{"sql":"(is_favorite AND (deleted_at IS NULL))","expr":{"op":"and","args":[{"op":"column","text":"is_favorite"},{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}]}}},{"name":"idx_items_custom_fields","method":"gin","parts":[{"expression":"custom_fields","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"comment":"Something that one has."},{"name":"links","columns":[{"name":"link_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"from_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"from_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"to_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"to_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"relationship_type","type":{"name":"varchar","length":50},"nullable":false,"default":{"kind":"constant","text":"related"},"writable":true,"collation":"C","letters":"ascii"},{"name":"metadata","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["link_id"],"primary_key_name":"links_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"links_user_id_from_type_from_id_to_type_to_id_relationship__key","columns":[{"expression":"user_id","column":true},{"expression":"from_type","column":true},{"expression":"from_id","column":true},{"expression":"to_type","column":true},{"expression":"to_id","column":true},{"expression":"relationship_type","column":true}]}],"checks":[{"name":"links_from_type_check","sql":"((from_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"from_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}},{"name":"links_not_to_itself","sql":"(((from_type)::text <> (to_type)::text) OR (from_id <> to_id))","expr":{"op":"or","args":[{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"from_type"}]},{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"to_type"}]}]},{"op":"ne","args":[{"op":"column","type":{"name":"int4"},"text":"from_id"},{"op":"column","type":{"name":"int4"},"text":"to_id"}]}]}},{"name":"links_to_type_check","sql":"((to_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"to_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}}],"foreign_keys":[{"name":"links_user_id_fkey","rank":11,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"polymorphic":[{"column":"from_id","by":"from_type","tables":{"event":"events","item":"items"}},{"column":"to_id","by":"to_type","tables":{"event":"events","item":"items"}}],"indexes":[{"name":"idx_links_to","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"to_type","column":true},{"expression":"to_id","column":true}]}],"comment":"A relationship between any two events or items."},{"name":"list_items","columns":[{"name":"list_item_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"list_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"text_content","type":{"name":"text"},"nullable":true,"writable":true},{"name":"linked_type","type":{"name":"varchar","length":20},"nullable":true,"writable":true,"collation":"C","letters":"ascii"},{"name":"linked_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"is_checked","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true},{"name":"sequence_order","type":{"name":"int4"},"nullable":false,"default":{"kind":"constant","text":"0"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["list_item_id"],"primary_key_name":"list_items_pkey","insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"list_items_link_whole","sql":"((linked_type IS NULL) = (linked_id IS NULL))","expr":{"op":"eq","args":[{"op":"is_null","args":[{"op":"column","type":{"name":"varchar","length":20},"text":"linked_type"}]},{"op":"is_null","args":[{"op":"column","type":{"name":"int4"},"text":"linked_id"}]}]}},{"name":"list_items_linked_type_check","sql":"((linked_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"linked_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}},{"name":"list_items_not_empty","sql":"((text_content IS NOT NULL) OR (linked_id IS NOT NULL))","expr":{"op":"or","args":[{"op":"is_not_null","args":[{"op":"column","type":{"name":"text"},"text":"text_content"}]},{"op":"is_not_null","args":[{"op":"column","type":{"name":"int4"},"text":"linked_id"}]}]}},{"name":"list_items_sequence_order_check","sql":"(sequence_order >= 0)","expr":{"op":"ge","args":[{"op":"column","type":{"name":"int4"},"text":"sequence_order"},{"op":"const","type":{"name":"int4"},"text":"0"}]}},{"name":"list_items_text_content_check","sql":"(text_content <> \'\'::text)","expr":{"op":"ne","args":[{"op":"column","type":{"name":"text"},"text":"text_content"},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"list_items_user_id_fkey","rank":17,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"list_items_user_id_list_id_fkey","rank":18,"columns":["user_id","list_id"],"references":"lists","referenced_columns":["user_id","list_id"],"on_delete":"cascade","on_update":"no_action"}],"polymorphic":[{"column":"linked_id","by":"linked_type","tables":{"event":"events","item":"items"}}],"indexes":[{"name":"idx_list_items_list","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"list_id","column":true},{"expression":"sequence_order","column":true}]},{"name":"idx_list_items_linked","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"linked_type","column":true},{"expression":"linked_id","column":true}],"predicate":{"sql":"(linked_id IS NOT NULL)","expr":{"op":"is_not_null","args":[{"op":"column","type":{"name":"int4"},"text":"linked_id"}]}}}],"comment":"An entry of a list: a text, a linked event or item, or a link with a note."},{"name":"lists","columns":[{"name":"list_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"title","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"is_ordered","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"false"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["list_id"],"primary_key_name":"lists_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"lists_user_id_list_id_key","columns":[{"expression":"user_id","column":true},{"expression":"list_id","column":true}]}],"checks":[{"name":"lists_title_check","sql":"((title)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":255},"text":"title"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"lists_user_id_fkey","rank":16,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_lists_title","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"title","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}}],"comment":"A list of words, of events and items, or of both."},{"name":"operation_logs","columns":[{"name":"log_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":false},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":false},{"name":"operation_type","type":{"name":"varchar","length":20},"nullable":false,"writable":false},{"name":"entity_type","type":{"name":"varchar","length":50},"nullable":false,"writable":false,"collation":"C","letters":"ascii"},{"name":"entity_id","type":{"name":"int4"},"nullable":true,"writable":false,"comment":"Null where the key has several columns; `changes` names them then."},{"name":"changes","type":{"name":"jsonb"},"nullable":true,"writable":false,"comment":"Of an UPDATE, by column, the value before and after; of a DELETE, the row; of a CREATE with a key of several columns, the key."},{"name":"timestamp","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["log_id"],"primary_key_name":"operation_logs_pkey","insertable":false,"updatable":false,"deletable":false,"checks":[{"name":"operation_logs_operation_type_check","sql":"((operation_type)::text = ANY ((ARRAY[\'CREATE\'::character varying, \'UPDATE\'::character varying, \'DELETE\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"operation_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{CREATE,UPDATE,DELETE}"}]}}],"foreign_keys":[{"name":"operation_logs_user_id_fkey","rank":25,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"indexes":[{"name":"idx_operation_logs_time","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"timestamp","column":true,"descending":true,"nulls_first":true}]},{"name":"idx_operation_logs_entity","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"entity_type","column":true},{"expression":"entity_id","column":true},{"expression":"timestamp","column":true,"descending":true,"nulls_first":true}]}],"comment":"What users did, written by triggers."},{"name":"routine_event_instances","columns":[{"name":"instance_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"routine_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"event_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"scheduled_date","type":{"name":"timestamptz"},"nullable":false,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["instance_id"],"primary_key_name":"routine_event_instances_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"routine_event_instances_user_id_routine_id_scheduled_date_key","columns":[{"expression":"user_id","column":true},{"expression":"routine_id","column":true},{"expression":"scheduled_date","column":true}]},{"name":"routine_event_instances_event_unique","columns":[{"expression":"user_id","column":true},{"expression":"event_id","column":true}],"predicate":{"sql":"(event_id IS NOT NULL)","expr":{"op":"is_not_null","args":[{"op":"column","type":{"name":"int4"},"text":"event_id"}]}}}],"foreign_keys":[{"name":"routine_event_instances_user_id_fkey","rank":21,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"routine_event_instances_user_id_routine_id_fkey","rank":22,"columns":["user_id","routine_id"],"references":"routines","referenced_columns":["user_id","routine_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"routine_event_instances_user_id_event_id_fkey","rank":23,"columns":["user_id","event_id"],"references":"events","referenced_columns":["user_id","event_id"],"on_delete":"set_null","delete_columns":["event_id"],"on_update":"no_action"}],"comment":"That a routine has made its event for a day; once per day."},{"name":"routines","columns":[{"name":"routine_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"event_type_id","type":{"name":"int4"},"nullable":true,"writable":true},{"name":"title","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"description","type":{"name":"text"},"nullable":true,"writable":true},{"name":"schedule_pattern","type":{"name":"text"},"nullable":false,"writable":true,"comment":"A recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO."},{"name":"starts_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":true},{"name":"ends_at","type":{"name":"timestamptz"},"nullable":true,"writable":true},{"name":"time_zone","type":{"name":"varchar","length":64},"nullable":false,"default":{"kind":"constant","text":"UTC"},"writable":true,"comment":"Where the rule\'s days and hours are counted; a name of the IANA database."},{"name":"days_ahead","type":{"name":"int4"},"nullable":false,"default":{"kind":"constant","text":"14"},"writable":true,"comment":"How long before its day an event is made."},{"name":"event_template","type":{"name":"jsonb"},"nullable":false,"default":{"kind":"constant","text":"{}"},"writable":true,"comment":"Columns of the events that it makes."},{"name":"is_active","type":{"name":"bool"},"nullable":false,"default":{"kind":"constant","text":"true"},"writable":true},{"name":"generated_until","type":{"name":"timestamptz"},"nullable":true,"writable":true,"comment":"Days before this have been dealt with."},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["routine_id"],"primary_key_name":"routines_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"routines_user_id_routine_id_key","columns":[{"expression":"user_id","column":true},{"expression":"routine_id","column":true}]}],"checks":[{"name":"routines_days_ahead_check","sql":"((days_ahead >= 0) AND (days_ahead <= 366))","expr":{"op":"and","args":[{"op":"ge","args":[{"op":"column","type":{"name":"int4"},"text":"days_ahead"},{"op":"const","type":{"name":"int4"},"text":"0"}]},{"op":"le","args":[{"op":"column","type":{"name":"int4"},"text":"days_ahead"},{"op":"const","type":{"name":"int4"},"text":"366"}]}]}},{"name":"routines_end_after_start","sql":"(ends_at > starts_at)","expr":{"op":"gt","args":[{"op":"column","type":{"name":"timestamptz"},"text":"ends_at"},{"op":"column","type":{"name":"timestamptz"},"text":"starts_at"}]}},{"name":"routines_event_template_check","sql":"(jsonb_typeof(event_template) = \'object\'::text)","expr":{"op":"eq","args":[{"op":"call","type":{"name":"text"},"text":"jsonb_typeof","args":[{"op":"column","type":{"name":"jsonb"},"text":"event_template"}]},{"op":"const","type":{"name":"text"},"text":"object"}]}},{"name":"routines_schedule_pattern_check","sql":"(schedule_pattern ~ \'^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[-+A-Z0-9,]+)*$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"column","type":{"name":"text"},"text":"schedule_pattern"},{"op":"const","type":{"name":"text"},"text":"^FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z]+=[\\\\x2d\\\\+A-Z0-9,]+)*$"}]}},{"name":"routines_time_zone_check","sql":"((time_zone)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":64},"text":"time_zone"}]},{"op":"const","type":{"name":"text"},"text":""}]}},{"name":"routines_title_check","sql":"((title)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":255},"text":"title"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"routines_user_id_fkey","rank":19,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"routines_user_id_event_type_id_fkey","rank":20,"columns":["user_id","event_type_id"],"references":"event_types","referenced_columns":["user_id","event_type_id"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_routines_due","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"generated_until","column":true}],"predicate":{"sql":"(is_active AND (deleted_at IS NULL))","expr":{"op":"and","args":[{"op":"column","text":"is_active"},{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}]}}},{"name":"idx_routines_type","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"event_type_id","column":true}]}],"comment":"A schedule that makes events."},{"name":"tag_assignments","columns":[{"name":"taggable_type","type":{"name":"varchar","length":20},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"taggable_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"tag_id","type":{"name":"int4"},"nullable":false,"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["taggable_type","taggable_id","tag_id"],"primary_key_name":"tag_assignments_pkey","insertable":true,"updatable":true,"deletable":true,"checks":[{"name":"tag_assignments_taggable_type_check","sql":"((taggable_type)::text = ANY ((ARRAY[\'event\'::character varying, \'item\'::character varying])::text[]))","expr":{"op":"any","text":"eq","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":20},"text":"taggable_type"}]},{"op":"const","type":{"name":"array","of":{"name":"text"}},"text":"{event,item}"}]}}],"foreign_keys":[{"name":"tag_assignments_user_id_fkey","rank":9,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"},{"name":"tag_assignments_user_id_tag_id_fkey","rank":10,"columns":["user_id","tag_id"],"references":"tags","referenced_columns":["user_id","tag_id"],"on_delete":"cascade","on_update":"no_action"}],"polymorphic":[{"column":"taggable_id","by":"taggable_type","tables":{"event":"events","item":"items"}}],"indexes":[{"name":"idx_tag_assignments_tag","method":"btree","parts":[{"expression":"user_id","column":true},{"expression":"tag_id","column":true},{"expression":"taggable_type","column":true},{"expression":"taggable_id","column":true}]}],"comment":"A tag on an event or an item."},{"name":"tags","columns":[{"name":"tag_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"writable":true},{"name":"user_id","type":{"name":"int4"},"nullable":false,"identity":true,"writable":true},{"name":"name","type":{"name":"varchar","length":100},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"color","type":{"name":"varchar","length":7},"nullable":false,"default":{"kind":"constant","text":"#64748b"},"writable":true},{"name":"created_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":false,"default":{"kind":"now"},"writable":false}],"primary_key":["tag_id"],"primary_key_name":"tags_pkey","insertable":true,"updatable":true,"deletable":true,"uniques":[{"name":"tags_user_id_name_key","columns":[{"expression":"user_id","column":true},{"expression":"name","column":true}]},{"name":"tags_user_id_tag_id_key","columns":[{"expression":"user_id","column":true},{"expression":"tag_id","column":true}]}],"checks":[{"name":"tags_color_check","sql":"((color)::text ~ \'^#[0-9a-fA-F]{6}$\'::text)","expr":{"op":"call","text":"regex","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":7},"text":"color"}]},{"op":"const","type":{"name":"text"},"text":"^#[0-9a-fA-F]{6}$"}]}},{"name":"tags_name_check","sql":"((name)::text <> \'\'::text)","expr":{"op":"ne","args":[{"op":"cast","type":{"name":"text"},"args":[{"op":"column","type":{"name":"varchar","length":100},"text":"name"}]},{"op":"const","type":{"name":"text"},"text":""}]}}],"foreign_keys":[{"name":"tags_user_id_fkey","rank":8,"columns":["user_id"],"references":"users","referenced_columns":["user_id"],"on_delete":"cascade","on_update":"no_action"}],"comment":"A word that its owner puts on anything."},{"name":"users","columns":[{"name":"user_id","type":{"name":"int4"},"nullable":false,"default":{"kind":"sequence"},"identity":true,"writable":true},{"name":"username","type":{"name":"varchar","length":50},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"email","type":{"name":"varchar","length":255},"nullable":false,"writable":true,"collation":"C","letters":"ascii"},{"name":"workspace_config","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"view_preferences","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"onboarding_state","type":{"name":"jsonb"},"nullable":true,"default":{"kind":"constant","text":"{}"},"writable":true},{"name":"subscription_tier","type":{"name":"varchar","length":20},"nullable":true,"default":{"kind":"constant","text":"free"},"writable":false},{"name":"storage_used_mb","type":{"name":"int4"},"nullable":true,"default":{"kind":"constant","text":"0"},"writable":false},{"name":"created_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"updated_at","type":{"name":"timestamptz"},"nullable":true,"default":{"kind":"now"},"writable":false},{"name":"last_login_at","type":{"name":"timestamptz"},"nullable":true,"writable":false},{"name":"deleted_at","type":{"name":"timestamptz"},"nullable":true,"writable":true}],"primary_key":["user_id"],"primary_key_name":"users_pkey","insertable":false,"updatable":true,"deletable":false,"uniques":[{"name":"users_username_key","columns":[{"expression":"username","column":true}]},{"name":"users_email_key","columns":[{"expression":"email","column":true}]}],"checks":[{"name":"users_storage_used_mb_check","sql":"(storage_used_mb >= 0)","expr":{"op":"ge","args":[{"op":"column","type":{"name":"int4"},"text":"storage_used_mb"},{"op":"const","type":{"name":"int4"},"text":"0"}]}}],"foreign_keys":[{"name":"users_subscription_tier_fkey","rank":1,"columns":["subscription_tier"],"references":"subscription_limits","referenced_columns":["subscription_tier"],"on_delete":"no_action","on_update":"no_action"}],"indexes":[{"name":"idx_users_email","method":"btree","parts":[{"expression":"email","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_users_username","method":"btree","parts":[{"expression":"username","column":true}],"predicate":{"sql":"(deleted_at IS NULL)","expr":{"op":"is_null","args":[{"op":"column","type":{"name":"timestamptz"},"text":"deleted_at"}]}}},{"name":"idx_users_subscription","method":"btree","parts":[{"expression":"subscription_tier","column":true},{"expression":"created_at","column":true}]}],"comment":"A person who signs in. Everything else belongs to exactly one."}],"steps":[{"name":"V2__add_performance_columns","moves":[{"table":"events","column":"custom_fields","key":"budget","to":"budget"},{"table":"events","column":"custom_fields","key":"due_date","to":"due_date"},{"table":"events","column":"custom_fields","key":"location","to":"location"},{"table":"events","column":"custom_fields","key":"priority","to":"priority"}]}]}',
) as SchemaOf<Tables>
