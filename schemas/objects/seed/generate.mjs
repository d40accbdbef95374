// Writes rows for the objects schema as NN_table.ndjson, one JSON object per line, for `haversack seed`.
// Usage: node generate.mjs OUT_DIR
//
// Two tenants build what they need: Ada a small sales system (contacts, companies, opportunities),
// Grace a workshop's book (tools, jobs). Edsger, the stranger of identities.json, has no
// account.

import { Chance, after, day, uuid, write } from '../../seeding.mjs'

const START = '2026-01-05'
const chance = new Chance(5)
const ADA = uuid('objects/ada')
const GRACE = uuid('objects/grace')

const FIRST = [
  'Amina',
  'Bo',
  'Chiara',
  'Dmitri',
  'Élodie',
  'Farid',
  'Greta',
  'Hana',
  'Ivo',
  'Jun',
  'Kwame',
  'Lena',
  'Mateo',
  'Nour',
  'Olu',
  'Priya',
  'Quentin',
  'Rosa',
  'Søren',
  'Tala',
]
const LAST = [
  'Abbas',
  'Berg',
  'Costa',
  'Dubois',
  'Eze',
  'Fischer',
  'García',
  'Haddad',
  'Ito',
  'Jansen',
  'Kovač',
  'Lindqvist',
  'Moreau',
  'Novák',
  'Okafor',
  'Petrov',
  'Rossi',
  'Silva',
  'Tanaka',
  'Weber',
]
const COMPANY = [
  'Acme',
  'Globex',
  'Initech',
  'Umbra',
  'Northwind',
  'Halcyon',
  'Bluefin',
  'Cedar',
  'Quarry',
  'Lumen',
]
const TRADE = ['Logistics', 'Foods', 'Optics', 'Textiles', 'Energy', 'Print', 'Software', 'Timber']
const TOOL = [
  'Band saw',
  'Lathe',
  'Drill press',
  'Planer',
  'Router',
  'Sander',
  'Mitre saw',
  'Bench grinder',
]
const JOB = ['Shelf', 'Table', 'Door', 'Window frame', 'Stool', 'Cabinet', 'Staircase', 'Bench']

const tables = {
  users: [],
  fields: [],
  objects: [],
  applications: [],
  object_fields: [],
  records: [],
  relationships: [],
  relationship_records: [],
}

/** A prefixed key made of a name, as the server would make one of chance. */
const key = (prefix, name) => `${prefix}_${uuid(`objects/${name}`).replaceAll('-', '')}`

function user(id, name, email) {
  // No password opens these accounts; the demo signs in by tokens.
  tables.users.push({
    id,
    email,
    hashed_password: '!',
    full_name: name,
    is_verified: true,
    created_at: after(START, 0),
  })
}

/** Fields by name, shared by the objects of a tenant. */
function field(tenant, name, label, type, config = {}, category = 'general') {
  const id = key('fld', `${tenant}/${name}`)
  tables.fields.push({
    id,
    tenant_id: tenant,
    name,
    label,
    type,
    config,
    category,
    is_custom: true,
    created_by: tenant,
    created_at: after(START, 0, 1),
  })
  return id
}

/** An object with its fields in order, each [field, options of the mapping]. */
function object(tenant, name, label, plural, icon, fields) {
  const id = key('obj', `${tenant}/${name}`)
  tables.objects.push({
    id,
    tenant_id: tenant,
    name,
    label,
    plural_name: plural,
    icon,
    views: { list: { columns: fields.slice(0, 3).map(([field]) => field) } },
    permissions: { owner: ['read', 'write', 'delete'] },
    created_by: tenant,
    created_at: after(START, 0, 2),
  })
  for (const [i, [field_id, options = {}]] of fields.entries()) {
    tables.object_fields.push({
      id: key('ofd', `${tenant}/${name}/${i}`),
      tenant_id: tenant,
      object_id: id,
      field_id,
      display_order: i,
      is_required: options.required ?? false,
      is_visible: options.visible ?? true,
      is_readonly: options.readonly ?? false,
      field_overrides: options.overrides ?? {},
      created_at: after(START, 0, 3),
    })
  }
  return id
}

function record(tenant, object_id, name, data, at) {
  const id = key('rec', `${tenant}/${name}`)
  tables.records.push({
    id,
    object_id,
    data,
    created_at: after(START, at, 9),
    created_by: tenant,
    updated_by: tenant,
    tenant_id: tenant,
  })
  return id
}

function relationship(tenant, from_object_id, to_object_id, name, type, from_label, to_label) {
  const id = key('rel', `${tenant}/${name}`)
  tables.relationships.push({
    id,
    tenant_id: tenant,
    from_object_id,
    to_object_id,
    name,
    type,
    from_label,
    to_label,
    created_by: tenant,
    created_at: after(START, 0, 4),
  })
  return id
}

function link(tenant, relationship_id, from_record_id, to_record_id, metadata = {}) {
  tables.relationship_records.push({
    id: key('rrec', `${relationship_id}/${from_record_id}/${to_record_id}`),
    tenant_id: tenant,
    relationship_id,
    from_record_id,
    to_record_id,
    relationship_metadata: metadata,
    created_by: tenant,
    created_at: after(START, 40),
  })
}

function sales(tenant) {
  const name = field(tenant, 'full_name', 'Name', 'text', { max_length: 200 }, 'identity')
  const email = field(tenant, 'email', 'E-mail', 'email', {}, 'contact')
  const phone = field(tenant, 'phone', 'Phone', 'phone', {}, 'contact')
  const site = field(tenant, 'website', 'Website', 'url', {}, 'contact')
  const born = field(tenant, 'birthday', 'Birthday', 'date', {}, 'identity')
  const newsletter = field(tenant, 'newsletter', 'Newsletter', 'checkbox')
  const staff = field(tenant, 'employees', 'Employees', 'number', { min: 1 })
  const stage = field(
    tenant,
    'stage',
    'Stage',
    'select',
    { options: ['lead', 'offer', 'won', 'lost'] },
    'sales',
  )
  const amount = field(tenant, 'amount', 'Amount', 'currency', { min: 0, currency: 'EUR' }, 'sales')
  const topics = field(
    tenant,
    'topics',
    'Topics',
    'multiselect',
    { options: ['price', 'quality', 'delivery', 'service'] },
    'sales',
  )
  const number = field(tenant, 'number', 'Number', 'text', { max_length: 20 }, 'sales')

  const contact = object(tenant, 'contact', 'Contact', 'Contacts', 'user', [
    [name, { required: true }],
    [email, { required: true }],
    [phone],
    [born],
    [newsletter],
    [topics],
  ])
  const company = object(tenant, 'company', 'Company', 'Companies', 'building', [
    [name, { required: true, overrides: { label: 'Company name' } }],
    [site],
    [phone],
    [staff],
  ])
  const deal = object(tenant, 'opportunity', 'Opportunity', 'Opportunities', 'target', [
    [number, { required: true, readonly: true }],
    [stage, { required: true }],
    [amount],
    [topics],
  ])

  const companies = []
  for (let i = 0; i < 40; i++) {
    const title = `${COMPANY[i % COMPANY.length]} ${TRADE[(i * 3 + Math.floor(i / 10)) % TRADE.length]}`
    companies.push(
      record(
        tenant,
        company,
        `company/${i}`,
        { [name]: title, [site]: `https://www.company${i}.example`, [staff]: chance.int(2, 900) },
        i % 30,
      ),
    )
  }
  const contacts = []
  for (let i = 0; i < 200; i++) {
    const first = FIRST[i % FIRST.length]
    const last = LAST[(i * 7 + Math.floor(i / 20)) % LAST.length]
    const data = { [name]: `${first} ${last}`, [email]: `contact${i}@company${i % 40}.example` }
    if (chance.percent(60)) data[phone] = `+49 30 ${chance.int(1000000, 9999999)}`
    if (chance.percent(40)) data[born] = day('1960-01-01', chance.int(0, 15000))
    if (chance.percent(50)) data[newsletter] = chance.percent(50)
    if (chance.percent(30))
      data[topics] = [chance.pick(['price', 'quality']), chance.pick(['delivery', 'service'])]
    contacts.push(record(tenant, contact, `contact/${i}`, data, i % 60))
  }
  const deals = []
  for (let i = 0; i < 120; i++) {
    const data = {
      [number]: `O-2026-${String(i + 1).padStart(4, '0')}`,
      [stage]: chance.pick(['lead', 'offer', 'won', 'lost']),
      [amount]: chance.int(10, 5000) * 10,
    }
    deals.push(record(tenant, deal, `opportunity/${i}`, data, i % 90))
  }
  const employs = relationship(
    tenant,
    company,
    contact,
    'company_contacts',
    '1:N',
    'Employs',
    'Works for',
  )
  const concerns = relationship(
    tenant,
    deal,
    company,
    'opportunity_company',
    'N:1',
    'For',
    'Opportunities',
  )
  const takes = relationship(
    tenant,
    contact,
    deal,
    'contact_opportunities',
    'N:N',
    'Takes part in',
    'People',
  )
  const knows = relationship(
    tenant,
    contact,
    contact,
    'contact_knows',
    'N:N',
    'Knows',
    'Is known by',
  )
  for (const [i, contact] of contacts.entries())
    link(tenant, employs, companies[i % companies.length], contact, {
      role: chance.pick(['buyer', 'director', 'engineer']),
    })
  for (const [i, deal] of deals.entries()) {
    link(tenant, concerns, deal, companies[(i * 3) % companies.length])
    link(tenant, takes, contacts[(i * 3) % contacts.length], deal, { decides: i % 4 === 0 })
  }
  for (let i = 0; i < 50; i++)
    link(tenant, knows, contacts[i], contacts[i + 100], { since: 2015 + (i % 10) })
  tables.applications.push(
    {
      id: key('app', `${tenant}/sales`),
      tenant_id: tenant,
      name: 'sales',
      label: 'Sales',
      icon: 'chart',
      config: { objects: [contact, company, deal] },
      published_at: after(START, 10),
      created_by: tenant,
      created_at: after(START, 1),
    },
    {
      id: key('app', `${tenant}/mailing`),
      tenant_id: tenant,
      name: 'mailing',
      label: 'Mailing',
      description: 'Not ready yet.',
      config: { objects: [contact] },
      created_by: tenant,
      created_at: after(START, 2),
    },
  )
}

function workshop(tenant) {
  const title = field(tenant, 'title', 'Title', 'text', {}, 'identity')
  const bought = field(tenant, 'bought_on', 'Bought on', 'date')
  const price = field(tenant, 'price', 'Price', 'currency', { min: 0 })
  const due = field(tenant, 'due_at', 'Due', 'datetime')
  const notes = field(tenant, 'notes', 'Notes', 'textarea')
  field(tenant, 'spare', 'Not used anywhere', 'json')
  const tool = object(tenant, 'tool', 'Tool', 'Tools', 'wrench', [
    [title, { required: true }],
    [bought],
    [price],
  ])
  const job = object(tenant, 'job', 'Job', 'Jobs', 'hammer', [
    [title, { required: true }],
    [due, { required: true }],
    [price],
    [notes],
  ])
  const tools = TOOL.map((word, i) =>
    record(
      tenant,
      tool,
      `tool/${i}`,
      { [title]: word, [bought]: day('2019-01-01', i * 131), [price]: 150 + i * 75.5 },
      i,
    ),
  )
  const jobs = []
  for (let i = 0; i < 60; i++) {
    const data = {
      [title]: `${chance.pick(JOB)} for ${chance.pick(LAST)}`,
      [due]: after(START, 5 + i * 2, 16),
      [price]: chance.int(20, 300) * 5,
    }
    if (i % 5 === 0) data[notes] = 'Measure again before cutting.'
    jobs.push(record(tenant, job, `job/${i}`, data, i))
  }
  const needs = relationship(tenant, job, tool, 'job_tools', 'N:N', 'Needs', 'Needed for')
  for (const [i, job] of jobs.entries())
    link(tenant, needs, job, tools[i % tools.length], { hours: 1 + (i % 5) })
  tables.applications.push({
    id: key('app', `${tenant}/book`),
    tenant_id: tenant,
    name: 'workshop',
    label: 'Workshop',
    config: { objects: [job, tool] },
    published_at: after(START, 3),
    created_by: tenant,
    created_at: after(START, 1),
  })
}

user(ADA, 'Ada Byron', 'ada@example.org')
user(GRACE, 'Grace Hopper', 'grace@example.org')
sales(ADA)
workshop(GRACE)
write(Object.entries(tables))
