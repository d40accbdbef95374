// Writes the demo's rows as NN_table.ndjson, one JSON object per line, for `haversack seed`.
// Usage: node generate.mjs OUT_DIR
//
// Ada (1) has about 10,000 events: the holidays of every country that date-holidays knows, for three
// years. Grace (2) has a few rows, Edsger (3) none. The same input gives the same output.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Holidays from 'date-holidays'

const YEARS = [2026, 2027, 2028]
const DESCRIPTION_MAX = 160
// Nothing here depends on the clock: what is over by this day counts as completed.
const TODAY = '2026-03-01'

const TYPES = [
  { name: 'Public holiday', holiday: 'public', color: '#dc2626', icon: 'flag', priority: 5 },
  { name: 'Bank holiday', holiday: 'bank', color: '#0891b2', icon: 'landmark', priority: 4 },
  { name: 'School holiday', holiday: 'school', color: '#16a34a', icon: 'school', priority: 3 },
  { name: 'Optional holiday', holiday: 'optional', color: '#9333ea', icon: 'circle', priority: 2 },
  { name: 'Observance', holiday: 'observance', color: '#ca8a04', icon: 'eye', priority: 1 },
]
const TAGS = [
  ['religious', '#7c3aed'],
  ['national day', '#dc2626'],
  ['labour', '#ea580c'],
  ['new year', '#0284c7'],
  ['remembrance', '#475569'],
  ['several days', '#0d9488'],
]
const TAG_WORDS = {
  religious:
    /christmas|easter|good friday|eid|assumption|saints|epiphany|ascension|pentecost|corpus|vesak|diwali/i,
  'national day': /independence|national day|republic day|constitution/i,
  labour: /labou?r|workers|may day/i,
  'new year': /new year/i,
  remembrance: /memorial|remembrance|veterans|armistice|martyrs|victory/i,
}

function users() {
  // No password opens these accounts; the demo signs in by tokens.
  const user = (user_id, username, email) => ({
    user_id,
    username,
    email,
    password_hash: '!',
    subscription_tier: 'free',
    workspace_config: { theme: 'system', start_view: 'due' },
    view_preferences: { events: { group: 'month' } },
  })
  return [
    user(1, 'ada', 'ada@example.org'),
    user(2, 'grace', 'grace@example.org'),
    user(3, 'edsger', 'edsger@example.org'),
  ]
}

function eventTypes() {
  const types = TYPES.map((type, i) => ({
    event_type_id: i + 1,
    user_id: 1,
    name: type.name,
    color: type.color,
    icon: type.icon,
    content_template: '{{title}} in {{location}}',
    available_variables: ['title', 'location', 'due_date'],
  }))
  types.push({
    event_type_id: TYPES.length + 1,
    user_id: 2,
    name: 'Task',
    color: '#2563eb',
    icon: 'check',
    content_template: '{{title}}',
    available_variables: ['title', 'due_date'],
  })
  return types
}

function tags() {
  const tags = TAGS.map(([name, color], i) => ({ tag_id: i + 1, user_id: 1, name, color }))
  tags.push({ tag_id: TAGS.length + 1, user_id: 2, name: 'errands', color: '#2563eb' })
  return tags
}

/** Every holiday of every country, in the order of country, date and name. */
function holidays() {
  const countries = Object.entries(new Holidays().getCountries('en')).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
  const found = []
  for (const [code, country] of countries) {
    const calendar = new Holidays(code)
    for (const year of YEARS) {
      for (const holiday of calendar.getHolidays(year, 'en'))
        found.push({ code, country, ...holiday })
    }
  }
  return found
}

function event(holiday, event_id) {
  const type = TYPES.findIndex((type) => type.holiday === holiday.type)
  const date = holiday.date.slice(0, 10)
  const days = Math.max(1, Math.round((holiday.end - holiday.start) / 86_400_000))
  const length = days > 1 ? `${days} days from ${date}` : date
  const substitute = holiday.substitute ? ', observed instead of a day that falls on a weekend' : ''
  const over = date < TODAY
  return {
    event_id,
    user_id: 1,
    event_type_id: type + 1,
    title: holiday.name.slice(0, 255),
    description: `${TYPES[type].name} in ${holiday.country}: ${length}${substitute}.`.slice(
      0,
      DESCRIPTION_MAX,
    ),
    priority: TYPES[type].priority,
    location: holiday.country.slice(0, 200),
    // A day without a time of day is midnight UTC, so that it is the same day for everyone.
    due_date: `${date}T00:00:00.000Z`,
    status: over ? 'completed' : 'active',
    completed_date: over ? holiday.end.toISOString() : null,
    custom_fields: { country: holiday.code, type: holiday.type, rule: holiday.rule, days },
  }
}

function assignments(events) {
  const rows = []
  for (const [i, [name]] of TAGS.entries()) {
    const fits = TAG_WORDS[name]
    const tagged = events
      .filter((event) => (fits ? fits.test(event.title) : event.custom_fields.days > 1))
      .slice(0, 20)
    for (const { event_id } of tagged) {
      rows.push({ taggable_type: 'event', taggable_id: event_id, tag_id: i + 1, user_id: 1 })
    }
  }
  return rows
}

function itemTypes() {
  return [
    {
      item_type_id: 1,
      user_id: 1,
      name: 'Travel gear',
      category: 'equipment',
      tracks_quantity: true,
      default_unit: 'piece',
    },
    { item_type_id: 2, user_id: 1, name: 'Document', category: 'papers', tracks_quantity: false },
  ]
}

function items() {
  const item = (item_id, item_type_id, name, location, value, custom_fields = {}) => ({
    item_id,
    user_id: 1,
    item_type_id,
    name,
    location,
    value,
    quantity: 1,
    unit: 'piece',
    custom_fields,
  })
  return [
    item(1, 1, 'Haversack, 28 l', 'Hall cupboard', 89.5, { colour: 'green' }),
    item(2, 1, 'Power adapter', 'Desk drawer', 24.9, { plugs: ['C', 'G', 'I'] }),
    item(3, 1, 'Rain jacket', 'Hall cupboard', 140),
    item(4, 2, 'Passport', 'Safe', null, { expires: '2031-05-01' }),
    item(5, 2, 'Vaccination certificate', 'Safe', null),
  ]
}

const events = holidays().map((holiday, i) => event(holiday, i + 1))
const next = events.length + 1
const graces = [
  {
    event_id: next,
    user_id: 2,
    event_type_id: TYPES.length + 1,
    title: 'Water the plants',
    priority: 3,
    due_date: '2026-03-04T08:00:00.000Z',
  },
  {
    event_id: next + 1,
    user_id: 2,
    event_type_id: TYPES.length + 1,
    title: 'Call the plumber',
    priority: 4,
    location: 'Arlington',
    due_date: '2026-03-05T09:00:00.000Z',
  },
  {
    event_id: next + 2,
    user_id: 2,
    event_type_id: TYPES.length + 1,
    title: 'Compile the report',
    priority: 5,
    due_date: '2026-03-09T17:00:00.000Z',
    custom_fields: { project: 'COBOL' },
  },
]
const links = [
  {
    link_id: 1,
    user_id: 1,
    from_type: 'event',
    from_id: 1,
    to_type: 'item',
    to_id: 1,
    relationship_type: 'needs',
  },
  {
    link_id: 2,
    user_id: 1,
    from_type: 'item',
    from_id: 4,
    to_type: 'item',
    to_id: 5,
    relationship_type: 'kept with',
  },
]
/** What else the schema has, a little of each: Ada's, then Grace's. */
function organization() {
  const ada = { user_id: 1 }
  const grace = { user_id: 2 }
  return [
    [
      'field_definitions',
      [
        {
          ...field(1, ada, 'days', 'number', 'Length in days', 'time'),
          validation_schema: { type: 'integer', minimum: 1 },
        },
        {
          ...field(2, ada, 'expires', 'date', 'Valid until', 'papers'),
          validation_schema: { type: 'string', format: 'date' },
        },
        { ...field(3, ada, 'colour', 'text', 'Colour', 'looks'), default_value: 'green' },
        field(4, grace, 'project', 'text', 'Project', 'work'),
      ],
    ],
    [
      'entity_fields',
      [
        { entity_type: 'event_type', entity_id: 1, field_id: 1, ...ada, sequence_order: 0 },
        {
          entity_type: 'item',
          entity_id: 4,
          field_id: 2,
          ...ada,
          sequence_order: 0,
          is_required: true,
        },
        { entity_type: 'item_type', entity_id: 1, field_id: 3, ...ada, sequence_order: 1 },
        { entity_type: 'event', entity_id: next + 2, field_id: 4, ...grace, sequence_order: 0 },
      ],
    ],
    [
      'collections',
      [
        {
          collection_id: 1,
          ...ada,
          name: 'Public holidays to come',
          icon: 'flag',
          color: '#dc2626',
          filter_config: {
            table: 'events',
            where: { status: 'active', priority: { gte: 5 } },
            orderBy: [['due_date', 'asc']],
            limit: 50,
          },
          view_config: { layout: 'agenda', group: 'month' },
        },
        {
          collection_id: 2,
          ...grace,
          name: 'COBOL',
          filter_config: {
            table: 'events',
            where: { custom_fields: { contains: { project: 'COBOL' } } },
          },
          view_config: { layout: 'table' },
        },
      ],
    ],
    [
      'lists',
      [
        { list_id: 1, ...ada, title: 'To pack', is_ordered: false },
        { list_id: 2, ...ada, title: 'Before leaving', is_ordered: true },
        { list_id: 3, ...grace, title: 'Groceries', is_ordered: false },
      ],
    ],
    [
      'list_items',
      [
        {
          list_item_id: 1,
          ...ada,
          list_id: 1,
          linked_type: 'item',
          linked_id: 1,
          sequence_order: 0,
        },
        {
          list_item_id: 2,
          ...ada,
          list_id: 1,
          linked_type: 'item',
          linked_id: 2,
          sequence_order: 1,
        },
        { list_item_id: 3, ...ada, list_id: 1, text_content: 'Toothbrush', sequence_order: 2 },
        {
          list_item_id: 4,
          ...ada,
          list_id: 2,
          text_content: 'Turn the water off',
          sequence_order: 0,
        },
        {
          list_item_id: 5,
          ...ada,
          list_id: 2,
          text_content: 'Renew it first',
          linked_type: 'item',
          linked_id: 4,
          sequence_order: 1,
          is_checked: true,
        },
        { list_item_id: 6, ...grace, list_id: 3, text_content: 'Coffee', sequence_order: 0 },
      ],
    ],
    [
      'routines',
      [
        {
          routine_id: 1,
          ...ada,
          event_type_id: 5,
          title: 'Check the passport',
          schedule_pattern: 'FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=2',
          starts_at: '2026-01-02T08:00:00.000Z',
          time_zone: 'Europe/London',
          event_template: { priority: 2, location: 'Safe' },
          generated_until: '2026-03-01T00:00:00.000Z',
        },
        {
          routine_id: 2,
          ...grace,
          event_type_id: TYPES.length + 1,
          title: 'Water the plants',
          schedule_pattern: 'FREQ=WEEKLY;INTERVAL=1;BYDAY=WE',
          starts_at: '2026-03-04T08:00:00.000Z',
          ends_at: '2027-03-04T08:00:00.000Z',
          time_zone: 'America/New_York',
          event_template: { priority: 3 },
          generated_until: '2026-03-05T00:00:00.000Z',
        },
      ],
    ],
    [
      'routine_event_instances',
      [
        { instance_id: 1, ...ada, routine_id: 1, scheduled_date: '2026-01-02T08:00:00.000Z' },
        {
          instance_id: 2,
          ...grace,
          routine_id: 2,
          event_id: next,
          scheduled_date: '2026-03-04T08:00:00.000Z',
        },
      ],
    ],
    [
      'entity_files',
      [
        {
          id: 1,
          ...ada,
          entity_type: 'item',
          entity_id: 4,
          file_path: 'items/4/passport.pdf',
          file_name: 'passport.pdf',
          mime_type: 'application/pdf',
          size_bytes: 184_320,
          checksum: createHash('sha256').update('passport.pdf').digest('hex'),
          sync_status: 'synced',
        },
        {
          id: 2,
          ...grace,
          entity_type: 'event',
          entity_id: next + 2,
          file_path: `events/${next + 2}/report.txt`,
          file_name: 'report.txt',
          mime_type: 'text/plain',
          size_bytes: 2048,
        },
      ],
    ],
    [
      'operation_logs',
      [
        log(1, ada, 'CREATE', 'item', 4, null, '2026-01-02T08:10:00.000Z'),
        log(
          2,
          ada,
          'UPDATE',
          'item',
          4,
          { location: ['Desk', 'Safe'] },
          '2026-01-02T08:11:00.000Z',
        ),
        log(3, ada, 'CREATE', 'item', 6, null, '2026-01-05T17:00:00.000Z'),
        log(4, ada, 'DELETE', 'item', 6, gone, '2026-02-01T09:00:00.000Z'),
        log(5, grace, 'CREATE', 'event', next, null, '2026-02-27T12:00:00.000Z'),
      ],
    ],
    [
      'deleted_entities',
      [
        {
          deletion_id: 1,
          ...ada,
          entity_type: 'item',
          entity_id: 6,
          entity_data: gone,
          deleted_at: '2026-02-01T09:00:00.000Z',
        },
      ],
    ],
  ]
}

function field(field_id, owner, field_name, field_type, label, category) {
  return { field_id, ...owner, field_name, field_type, label, category }
}

function log(log_id, owner, operation_type, entity_type, entity_id, changes, timestamp) {
  return { log_id, ...owner, operation_type, entity_type, entity_id, changes, timestamp }
}

/** An item that Ada had. */
const gone = {
  item_id: 6,
  user_id: 1,
  item_type_id: 1,
  name: 'Old umbrella',
  quantity: 1,
  unit: 'piece',
  location: 'Hall cupboard',
  status: 'lost',
  is_favorite: false,
  custom_fields: {},
  created_at: '2026-01-05T17:00:00.000Z',
}
const graceTag = { taggable_type: 'event', taggable_id: next, tag_id: TAGS.length + 1, user_id: 2 }

const folder = process.argv[2]
if (folder === undefined) {
  console.error('error: no folder was named\nwhat to do: node generate.mjs OUT_DIR')
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
const tables = [
  ['users', users()],
  ['event_types', eventTypes()],
  ['item_types', itemTypes()],
  ['tags', tags()],
  ['events', [...events, ...graces]],
  ['items', items()],
  ['tag_assignments', [...assignments(events), graceTag]],
  ['links', links],
  ...organization(),
]
for (const [i, [table, rows]] of tables.entries()) {
  const file = `${String(i + 1).padStart(2, '0')}_${table}.ndjson`
  writeFileSync(join(folder, file), rows.map((row) => JSON.stringify(row) + '\n').join(''))
  console.log(`${file}: ${rows.length} rows`)
}
