// Writes rows as NN_table.ndjson, one JSON object per line, for `haversack seed`.
// Usage: node generate.mjs OUT_DIR
//
// Three clients with their sites, catalogues of made-up products, employees, and two years of orders.
// Ada owns the first client, Grace manages the second, Joan sees one site of the first. The same
// code gives the same output: chance is a seeded generator, and nothing depends on the clock.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PRODUCTS_PER_CATALOG = 60
const EMPLOYEES_PER_SITE = 40
const ORDERS_PER_SITE = 150
const ACTIVITIES_PER_SITE = 60
const DAY_MS = 86_400_000
const FIRST_DAY = Date.UTC(2025, 0, 6)
const DAYS = 420

const ADA = 'ada00000-0000-4000-8000-000000000001'
const GRACE = '9ace0000-0000-4000-8000-000000000002'
const JOAN = '10a00000-0000-4000-8000-000000000003'
const ROOT = 'ad000000-0000-4000-8000-000000000001'
const AUDITOR = 'ad000000-0000-4000-8000-000000000002'

/** Mulberry32: small, and the same everywhere. */
let state = 20_260_215
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
const below = (n) => Math.floor(random() * n)
const pick = (list) => list[below(list.length)]

/** A key made of what it names, in the shape of a version 8 UUID. */
function id(...name) {
  const hex = createHash('sha256').update(name.join('/')).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
const at = (days, minutes = 0) =>
  new Date(FIRST_DAY + days * DAY_MS + minutes * 60_000).toISOString()
const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-')

const FIRST_NAMES = [
  'Annie',
  'Barbara',
  'Dorothy',
  'Edith',
  'Frances',
  'Hedy',
  'Ida',
  'Jean',
  'Karen',
  'Lise',
  'Mary',
  'Radia',
]
const LAST_NAMES = [
  'Allen',
  'Easley',
  'Hamilton',
  'Jackson',
  'Jemison',
  'Keller',
  'Lamarr',
  'Liskov',
  'Meitner',
  'Perlman',
  'Vaughan',
  'Wing',
]
const DEPARTMENTS = ['Assembly', 'Finance', 'Logistics', 'Research', 'Sales', 'Support']
const ADJECTIVES = ['Classic', 'Compact', 'Engraved', 'Hand-made', 'Light', 'Travel']
const MATERIALS = ['Steel', 'Walnut', 'Wool', 'Leather', 'Glass', 'Linen']
const THINGS = [
  ['Watch', 'Jewellery', 120],
  ['Necklace', 'Jewellery', 90],
  ['Blanket', 'Home', 60],
  ['Lamp', 'Home', 75],
  ['Coffee Maker', 'Kitchen', 110],
  ['Knife Set', 'Kitchen', 140],
  ['Headphones', 'Electronics', 160],
  ['Speaker', 'Electronics', 130],
  ['Backpack', 'Outdoor', 85],
  ['Tent', 'Outdoor', 210],
]
const BRANDS = ['Aldgate', 'Borealis', 'Corvid', 'Dunmore', 'Elmfield']
const STATUSES = [
  'active',
  'active',
  'active',
  'active',
  'out_of_stock',
  'inactive',
  'discontinued',
]

const catalogs = [
  ['Anniversary gifts', 'erp', 'active'],
  ['Retirement gifts', 'vendor', 'active'],
  ['Welcome gifts', 'manual', 'syncing'],
  ['Next season', 'dropship', 'draft'],
].map(([name, type, status], i) => ({
  id: id('catalog', name),
  name,
  description: `${name}, chosen by hand.`,
  type,
  status,
  source: type === 'erp' ? { system: 'SAP', endpoint: 'https://erp.example.org/products' } : {},
  settings: { markup_percent: 5 * i },
  last_synced_at: type === 'erp' ? at(DAYS, 90) : null,
}))

const clients = [
  ['Acorn Manufacturing', 'acorn', 'Leeds', 'GB', 'GBP'],
  ['Birch & Sons', 'birch', 'Portland', 'US', 'USD'],
  ['Cedar Logistics', 'cedar', 'Utrecht', 'NL', 'EUR'],
].map(([name, code, city, country, currency], i) => ({
  id: id('client', code),
  name,
  client_code: code,
  status: i === 2 ? 'inactive' : 'active',
  contact_name: `${FIRST_NAMES[i]} ${LAST_NAMES[i]}`,
  contact_email: `people@${code}.example.org`,
  address_line1: `${10 + i} Orchard Road`,
  city,
  country,
  currency,
  billing_email: `invoices@${code}.example.org`,
  contract_start: '2025-01-01',
  contract_end: i === 2 ? '2025-12-31' : '2027-12-31',
  erp_system: i === 0 ? 'SAP' : null,
  integration_config: i === 0 ? { token_ref: 'vault/acorn' } : {},
}))

/** Client, catalogue, name, status; a client's sites share a catalogue that no other client has. */
const sites = [
  [0, 0, 'Five Years at Acorn', 'active'],
  [0, 0, 'Acorn Ten', 'active'],
  [1, 1, 'Birch Farewell', 'active'],
  [1, 1, 'Birch Centenary', 'draft'],
  [2, 2, 'Welcome to Cedar', 'inactive'],
].map(([client, catalog, name, status]) => ({
  id: id('site', name),
  client_id: clients[client].id,
  catalog_id: catalogs[catalog].id,
  name,
  slug: slug(name),
  status,
  validation_methods: [
    { type: 'employee_id', required: true },
    { type: 'serial_card', required: false },
  ],
  branding: { primary_color: pick(['#166534', '#1d4ed8', '#9f1239']), logo: `/${slug(name)}.svg` },
  settings: { shipping: 'to_employee' },
  start_date: '2025-01-06',
  end_date: '2027-06-30',
}))

function productsOf(catalog) {
  return Array.from({ length: PRODUCTS_PER_CATALOG }, (_, i) => {
    const [thing, category, price] = THINGS[i % THINGS.length]
    const [adjective, material, brand] = [pick(ADJECTIVES), pick(MATERIALS), pick(BRANDS)]
    const sku = `${catalog.type.slice(0, 3).toUpperCase()}-${String(i + 1).padStart(4, '0')}`
    return {
      id: id('product', catalog.name, sku),
      catalog_id: catalog.id,
      sku,
      name: `${adjective} ${material} ${thing}`,
      description: `${thing} by ${brand}, ${material.toLowerCase()}, in a gift box.`,
      price: Number((price * (0.7 + 0.6 * random())).toFixed(2)),
      currency: 'USD',
      category,
      brand,
      attributes: { material: material.toLowerCase(), weight_g: 100 + below(3000) },
      tags: [category.toLowerCase(), material.toLowerCase()],
      stock_quantity: below(200),
      available_from: '2025-01-01',
      status: pick(STATUSES),
    }
  })
}

function employeesOf(site) {
  return Array.from({ length: EMPLOYEES_PER_SITE }, (_, i) => {
    const [first_name, last_name] = [pick(FIRST_NAMES), pick(LAST_NAMES)]
    const number = `E${1000 + i}`
    return {
      id: id('employee', site.slug, number),
      site_id: site.id,
      employee_id: number,
      email: `${slug(first_name)}.${slug(last_name)}.${i}@${site.slug}.example.org`,
      serial_card_number: i % 3 === 0 ? `C-${site.slug}-${100_000 + i}` : null,
      first_name,
      last_name,
      department: pick(DEPARTMENTS),
      hired_on: `20${10 + below(12)}-0${1 + below(9)}-15`,
      status: i % 13 === 12 ? 'inactive' : 'active',
    }
  })
}

let orderNumber = 9_000_000
function ordersOf(site, employees, products) {
  return Array.from({ length: ORDERS_PER_SITE }, () => {
    const [employee, product, day] = [pick(employees), pick(products), below(DAYS)]
    const status =
      day < DAYS - 20
        ? pick(['delivered', 'delivered', 'delivered', 'shipped', 'cancelled'])
        : pick(['pending', 'confirmed'])
    const sent = status === 'shipped' || status === 'delivered'
    orderNumber += 1
    return {
      id: id('order', orderNumber),
      client_id: site.client_id,
      site_id: site.id,
      product_id: product.id,
      employee_id: employee.id,
      order_number: `ORD-${orderNumber}`,
      customer_name: `${employee.first_name} ${employee.last_name}`,
      customer_email: employee.email,
      status,
      total_amount: product.price,
      currency: product.currency,
      shipping_address: { line1: `${1 + below(90)} Mill Lane`, city: 'Leeds', country: 'GB' },
      items: [{ sku: product.sku, name: product.name, quantity: 1, price: product.price }],
      tracking_number: sent ? `TRK${orderNumber}` : null,
      shipped_at: sent ? at(day + 2) : null,
      delivered_at: status === 'delivered' ? at(day + 5) : null,
      created_at: at(day, below(1440)),
    }
  })
}

function activityOf(site) {
  return Array.from({ length: ACTIVITIES_PER_SITE }, (_, i) => ({
    id: id('activity', site.slug, i),
    client_id: site.client_id,
    site_id: site.id,
    event_type: pick(['page_view', 'page_view', 'product_view', 'search', 'order_placed']),
    user_id: `E${1000 + below(EMPLOYEES_PER_SITE)}`,
    session_id: `${site.slug}-${below(30)}`,
    event_data: { path: pick(['/', '/gifts', '/gifts/search', '/thanks']), ms: below(4000) },
    created_at: at(below(DAYS), below(1440)),
  }))
}

const products = catalogs.flatMap(productsOf)
const of = (catalog) => products.filter((product) => product.catalog_id === catalog)
const employees = new Map(sites.map((site) => [site, employeesOf(site)]))
const orders = sites.flatMap((site) => ordersOf(site, employees.get(site), of(site.catalog_id)))
const exclusions = sites.flatMap((site) =>
  of(site.catalog_id)
    .slice(0, 5)
    .map((product) => ({
      id: id('exclusion', site.slug, product.sku),
      site_id: site.id,
      product_id: product.id,
      reason: pick(['Too dear', 'Not shipped there', 'Chosen by the client']),
      excluded_by: 'root',
    })),
)
const activity = [
  ...sites.flatMap(activityOf),
  { id: id('activity', 'platform'), event_type: 'release', event_data: { version: '1.0' } },
]
const admins = [
  [ROOT, 'root', 'super_admin'],
  [AUDITOR, 'auditor', 'viewer'],
].map(([key, username, role]) => ({
  id: key,
  email: `${username}@platform.example.org`,
  username,
  // No password opens these accounts.
  password_hash: '!',
  role,
}))
const members = [
  [ADA, clients[0], null, 'ada', 'owner'],
  [GRACE, clients[1], null, 'grace', 'manager'],
  [JOAN, clients[0], sites[1].id, 'joan', 'viewer'],
].map(([user_id, client, site_id, name, role]) => ({
  id: id('member', name),
  user_id,
  client_id: client.id,
  site_id,
  email: `${name}@${client.client_code}.example.org`,
  display_name: name[0].toUpperCase() + name.slice(1),
  role,
}))
const trail = sites.flatMap((site, i) => [
  {
    id: id('audit', 'site', i),
    action: 'update',
    entity_type: 'sites',
    entity_id: site.id,
    user_id: ROOT,
    client_id: site.client_id,
    site_id: site.id,
    details: { status: ['draft', site.status] },
    created_at: at(i, 600),
  },
  {
    id: id('audit', 'import', i),
    action: 'import_employees',
    entity_type: 'sites',
    entity_id: site.id,
    user_id: ROOT,
    client_id: site.client_id,
    site_id: site.id,
    status: i % 2 === 0 ? 'success' : 'failure',
    details: i % 2 === 0 ? { rows: EMPLOYEES_PER_SITE } : { error: 'the file has no column email' },
    ip_address: '192.0.2.10',
    created_at: at(i, 700),
  },
])

const folder = process.argv[2]
if (folder === undefined) {
  console.error('error: no folder was named\nwhat to do: node generate.mjs OUT_DIR')
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
const tables = [
  ['clients', clients],
  ['catalogs', catalogs],
  ['products', products],
  ['sites', sites],
  ['site_product_exclusions', exclusions],
  ['employees', [...employees.values()].flat()],
  ['orders', orders],
  ['analytics_events', activity],
  ['admin_users', admins],
  ['client_members', members],
  ['audit_logs', trail],
]
for (const [i, [table, rows]] of tables.entries()) {
  const file = `${String(i + 1).padStart(2, '0')}_${table}.ndjson`
  writeFileSync(join(folder, file), rows.map((row) => JSON.stringify(row) + '\n').join(''))
  console.log(`${file}: ${rows.length} rows`)
}
