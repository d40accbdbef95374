// Writes rows for the framelord schema as NN_table.ndjson, one JSON object per line, for `haversack seed`.
// Usage: node generate.mjs OUT_DIR
//
// Ada has about 150 contacts and 200 notes, Grace a few of each. Edsger, the stranger of
// identities.json, has no account. The server makes Contact Zero and the four default folders when a
// user is loaded; links, topics and tasks that follow from others have keys that can be foreseen.

import { createHash } from 'node:crypto'
import { Chance, after, day, uuid, write } from '../../seeding.mjs'

const START = '2026-01-05'
const chance = new Chance(11)

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
const CITY = ['Lisbon', 'Oslo', 'Kraków', 'Nairobi', 'Osaka', 'Montréal', 'Graz', 'Ghent']
const COMPANY = ['Acme', 'Globex', 'Initech', 'Northwind', 'Halcyon', 'Bluefin']
const TAGS = ['conference', 'neighbour', 'press', 'supplier', 'running', 'school']
const TOPICS = ['Offline first', 'Hiring', 'Pricing', 'Woodwork', 'Reading list', 'Überblick']
const SUBJECT = [
  'Notes on',
  'Questions about',
  'Plan for',
  'Thoughts on',
  'Summary of',
  'Ideas for',
]
const MATTER = [
  'the spring launch',
  'the new office',
  'the garden',
  'our prices',
  'the interview',
  'the workshop',
  'the budget',
  'the tour',
  'the archive',
  'the training',
]
const TASK = [
  'Call back',
  'Send the offer',
  'Read the draft',
  'Book a room',
  'Return the book',
  'Ask for references',
  'Pay the invoice',
  'Plan the visit',
]
const SUMMARY = [
  'Talked about the next steps.',
  'Agreed to meet again.',
  'Asked for a discount.',
  'Sent the documents.',
  'Introduced a colleague.',
  'No news yet.',
]
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const tables = {
  users: [],
  contacts: [],
  folders: [],
  topics: [],
  notes: [],
  note_target_contacts: [],
  note_links: [],
  note_topics: [],
  tasks: [],
  interactions: [],
  interaction_attachments: [],
  groups: [],
  group_memberships: [],
  projects: [],
  project_related_contacts: [],
  project_sections: [],
  project_task_links: [],
  project_attachments: [],
  pipeline_templates: [],
  pipeline_stage_templates: [],
  pipeline_items: [],
}

/** The key that the server gives a row that follows from others. */
function derived(name) {
  const hex = createHash('md5').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A BlockSuite page of paragraphs. */
function page(title, paragraphs) {
  const text = (words) => ({ '$blocksuite:internal:text$': true, delta: [{ insert: words }] })
  return {
    type: 'page',
    blocks: {
      flavour: 'affine:page',
      props: { title: text(title) },
      children: [
        {
          flavour: 'affine:note',
          children: paragraphs.map((words) => ({
            flavour: 'affine:paragraph',
            props: { type: 'text', text: text(words) },
          })),
        },
      ],
    },
  }
}

/** Everything of one user; `size` is about how many contacts. */
function person(name, full_name, email, size) {
  const user_id = uuid(`framelord/${name}`)
  const key = (rest) => uuid(`framelord/${name}/${rest}`)
  const own = (table, row) => {
    tables[table].push({ user_id, ...row })
    return row.id
  }
  // No password opens these accounts; the demo signs in by tokens.
  tables.users.push({
    id: user_id,
    email,
    email_verified_at: after(START, 0),
    password_hash: null,
    full_name,
    phone: '+44 20 7946 0018',
    created_at: after(START, 0),
  })

  const contacts = []
  for (let i = 0; i < size; i++) {
    const first = FIRST[i % FIRST.length]
    const last = LAST[(i * 7 + Math.floor(i / 20)) % LAST.length]
    const archived = i % 17 === 16
    contacts.push(
      own('contacts', {
        id: key(`contact/${i}`),
        full_name: `${first} ${last}`,
        email: `${i}@${name}.example.org`,
        relationship_domain: chance.pick(['business', 'personal', 'hybrid']),
        relationship_role: chance.pick(['prospect', 'client', 'friend', 'manager', 'colleague']),
        status: archived
          ? 'archived'
          : chance.pick(['active', 'active', 'active', 'dormant', 'testing', 'blocked']),
        frame_score: chance.percent(70) ? chance.int(0, 100) : null,
        frame_trend: chance.percent(70) ? chance.pick(['up', 'down', 'flat']) : null,
        last_contact_at: after(START, chance.int(0, 60), 10),
        next_action_at: chance.percent(40) ? after(START, chance.int(60, 120), 9) : null,
        tags: chance.percent(60) ? [chance.pick(TAGS)] : [],
        company: chance.percent(50) ? chance.pick(COMPANY) : null,
        location: chance.pick(CITY),
        is_archived: archived,
        archived_at: archived ? after(START, i) : null,
        created_at: after(START, i % 50, 8),
      }),
    )
  }

  const resources = derived(`${user_id}/folders/Resources`)
  const projectsFolder = derived(`${user_id}/folders/Projects`)
  const reading = own('folders', {
    id: key('folder/reading'),
    parent_id: resources,
    name: 'Reading',
    icon: '📖',
    color: '#0284c7',
    created_at: after(START, 1),
  })
  const papers = own('folders', {
    id: key('folder/papers'),
    parent_id: reading,
    name: 'Papers',
    sort_order: 1,
    created_at: after(START, 1),
  })
  const folders = [null, reading, papers, projectsFolder]

  // All but the last two are made by hand; what [[names]] need beside them, the server adds.
  const topics = TOPICS.slice(0, 4).map((label, i) =>
    own('topics', {
      id: key(`topic/${i}`),
      label,
      slug: label.toLowerCase().replaceAll(' ', '-'),
      created_at: after(START, 2),
    }),
  )

  const notes = []
  const titles = []
  for (let i = 0; i < Math.round(size * 1.4); i++) {
    const log = i % 6 === 5
    const title = log
      ? null
      : `${SUBJECT[i % SUBJECT.length]} ${MATTER[(i * 3) % MATTER.length]}${i >= 30 ? ` (${Math.floor(i / 30) + 1})` : ''}`
    const paragraphs = [
      chance.pick(SUMMARY),
      `About ${chance.pick(TOPICS.slice(0, 4)).toLowerCase()}.`,
    ]
    if (titles.length > 0 && chance.percent(50)) paragraphs.push(`See [[${chance.pick(titles)}]].`)
    if (chance.percent(40)) paragraphs.push(`This belongs to [[${chance.pick(TOPICS)}]].`)
    const archived = i % 23 === 22
    notes.push(
      own('notes', {
        id: key(`note/${i}`),
        title,
        icon: log ? '🗓' : null,
        blocksuite_doc_id: `doc-${key(`doc/${i}`)}`,
        blocksuite_snapshot: page(title ?? '', paragraphs),
        author_contact_id: user_id,
        kind: log ? 'log' : 'note',
        date_key: log ? day(START, i) : null,
        folder_id: chance.pick(folders),
        is_inbox: chance.percent(10),
        tags: chance.percent(30) ? [chance.pick(TAGS)] : [],
        preferred_view: chance.percent(20) ? 'canvas' : 'doc',
        is_pinned: chance.percent(5),
        is_archived: archived,
        archived_at: archived ? after(START, i) : null,
        created_at: after(START, i % 60, 7 + (i % 12)),
      }),
    )
    if (title !== null) titles.push(title)
  }
  for (const [i, note_id] of notes.entries()) {
    if (i % 2 === 0)
      own('note_target_contacts', {
        note_id,
        contact_id: contacts[i % contacts.length],
        created_at: after(START, 30),
      })
  }
  // By hand, in the direction that no mention takes: from an earlier note to a later one.
  for (let i = 0; i + 7 < notes.length; i += 9)
    own('note_links', {
      id: key(`link/${i}`),
      source_note_id: notes[i],
      target_note_id: notes[i + 7],
      created_at: after(START, 31),
    })
  // The fourth topic is put on logs by hand; a mention of it there would make the same row.
  for (const [i, note_id] of notes.entries()) {
    if (
      i % 6 === 5 &&
      !JSON.stringify(
        tables.notes.find((note) => note.id === note_id).blocksuite_snapshot,
      ).includes(`[[${TOPICS[3]}]]`)
    )
      own('note_topics', { note_id, topic_id: topics[3], created_at: after(START, 31) })
  }

  const tasks = []
  for (let i = 0; i < size; i++) {
    const status = chance.pick(['open', 'open', 'done', 'blocked'])
    tasks.push(
      own('tasks', {
        id: key(`task/${i}`),
        contact_id: contacts[i % contacts.length],
        title: `${chance.pick(TASK)}${i % 3 === 0 ? ' again' : ''}`,
        status,
        due_at: chance.percent(70) ? after(START, chance.int(30, 120), chance.int(8, 18)) : null,
        created_at: after(START, i % 50),
        created_by: user_id,
      }),
    )
  }
  const interactions = []
  for (let i = 0; i < size; i++) {
    interactions.push(
      own('interactions', {
        id: key(`interaction/${i}`),
        contact_id: contacts[(i * 3) % contacts.length],
        author_contact_id: i % 2 === 0 ? user_id : contacts[(i * 3) % contacts.length],
        type: chance.pick(['call', 'meeting', 'message', 'email', 'dm', 'other']),
        summary: chance.pick(SUMMARY),
        occurred_at: after(START, i % 60, 9 + (i % 9)),
        created_at: after(START, i % 60, 19),
      }),
    )
  }
  for (let i = 0; i < interactions.length; i += 12)
    own('interaction_attachments', {
      id: key(`attachment/${i}`),
      interaction_id: interactions[i],
      file_name: `photo-${i}.png`,
      mime_type: 'image/png',
      data_url: PIXEL,
      created_at: after(START, 61),
    })

  for (const [i, group] of ['Book club', 'Suppliers', 'Old school'].entries()) {
    const group_id = own('groups', {
      id: key(`group/${i}`),
      name: group,
      description: i === 0 ? 'Meets on the first Tuesday.' : null,
      created_at: after(START, 3),
    })
    own('group_memberships', { group_id, contact_id: user_id, joined_at: after(START, 3) })
    for (let k = i; k < contacts.length; k += 9)
      own('group_memberships', { group_id, contact_id: contacts[k], joined_at: after(START, 4) })
  }

  for (const [i, project] of ['Spring launch', 'New office', 'Garden', 'Archive'].entries()) {
    const project_id = own('projects', {
      id: key(`project/${i}`),
      name: project,
      primary_contact_id: i === 2 ? user_id : contacts[i],
      status: ['active', 'active', 'on_hold', 'completed'][i],
      priority: ['high', 'medium', 'low', 'critical'][i],
      start_date: day(START, i * 7),
      due_date: i === 2 ? null : day(START, 60 + i * 14),
      is_group_project: i === 0,
      created_at: after(START, i),
    })
    own('project_related_contacts', {
      project_id,
      contact_id: contacts[i + 1],
      created_at: after(START, 5),
    })
    const sections = ['Backlog', 'In Progress', 'Done'].map((name, n) =>
      own('project_sections', {
        id: key(`section/${i}/${n}`),
        project_id,
        name,
        sort_order: n,
        created_at: after(START, i),
      }),
    )
    for (let k = i; k < tasks.length; k += 8)
      own('project_task_links', {
        id: key(`tasklink/${i}/${k}`),
        project_id,
        section_id: sections[k % 3],
        task_id: tasks[k],
        sort_order: k,
        created_at: after(START, 6),
      })
    own('project_attachments', {
      id: key(`projectfile/${i}`),
      project_id,
      file_name: 'plan.png',
      mime_type: 'image/png',
      data_url: PIXEL,
      uploaded_by: user_id,
      created_at: after(START, 7),
    })
  }

  const template_id = own('pipeline_templates', {
    id: key('pipeline'),
    name: 'Sales',
    domain: 'business',
    is_default: true,
    created_at: after(START, 2),
  })
  const stages = [
    ['Lead', null],
    ['Offer', 'Send the offer'],
    ['Closing', 'Ask for a decision'],
  ].map(([stage, task], n) => [
    own('pipeline_stage_templates', {
      id: key(`stage/${n}`),
      template_id,
      name: stage,
      sort_order: n,
      color: ['#64748b', '#0284c7', '#16a34a'][n],
      auto_task_title: task,
      auto_task_due_in_days: task === null ? null : n * 3,
      created_at: after(START, 2),
    }),
    task,
  ])
  for (let i = 0; i < Math.ceil(size / 4); i++) {
    const status = chance.pick(['open', 'open', 'open', 'won', 'lost'])
    const id = key(`item/${i}`)
    const contact_id = contacts[(i * 5) % contacts.length]
    const [current_stage_id, title] = stages[i % 3]
    own('pipeline_items', {
      id,
      template_id,
      current_stage_id,
      contact_id,
      label: `${chance.pick(COMPANY)} ${2026 + (i % 2)}`,
      value: `${chance.int(1, 900) * 100}.${i % 2 === 0 ? '00' : '50'}`,
      status,
      created_at: after(START, i % 40),
      closed_at: status === 'open' ? null : after(START, 50 + i),
    })
    // The task of its stage, as the server would make it, but due on a day that is always the same.
    if (title !== null)
      own('tasks', {
        id: derived(`${id}/stages/${current_stage_id}`),
        contact_id,
        title,
        due_at: after(START, 45 + i, 9),
        created_at: after(START, i % 40),
        created_by: user_id,
      })
  }
}

person('ada', 'Ada Byron', 'ada@example.org', 150)
person('grace', 'Grace Hopper', 'grace@example.org', 24)
write(Object.entries(tables))
