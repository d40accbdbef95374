// Writes rows for the futuresync schema as NN_table.ndjson, one JSON object per line, for `haversack seed`.
// Usage: node generate.mjs OUT_DIR [USERS]
//
// Ada has four months of daily actions, Grace one; both belong to an organisation and share a vision
// there. Edsger, the stranger of identities.json, has no account. USERS more people are made up, with
// two weeks each, for measurements. Progress and achievements are counted by the server when actions are loaded.

import { createHash } from 'node:crypto'
import { Chance, after, day, uuid, write } from '../../seeding.mjs'

const START = '2026-01-05'
const chance = new Chance(23)
const extra = Number(process.argv[3] ?? 0)

const VISIONS = [
  {
    category: 'health',
    title: 'Run a marathon',
    description: 'Forty-two kilometres without stopping, and enjoy the last five.',
    allocation: 45,
    actions: [
      'Run five kilometres',
      'Stretch after work',
      'Go to bed before eleven',
      'Cook vegetables',
      'Do the strength circuit',
    ],
  },
  {
    category: 'career',
    title: 'Lead a research group',
    description: 'Six people, a budget, and a question worth ten years.',
    allocation: 60,
    actions: [
      'Read a paper',
      'Write 300 words of the proposal',
      'Ask a colleague for feedback',
      'Prepare the talk',
      'Sort the reading list',
    ],
  },
  {
    category: 'relationships',
    title: 'A house full of friends',
    description: 'Dinner for twelve every month.',
    allocation: 30,
    actions: [
      'Call an old friend',
      'Write a postcard',
      'Plan the next dinner',
      'Ask the neighbours over',
    ],
  },
  {
    category: 'personal-growth',
    title: 'Speak Portuguese',
    description: 'Well enough for jokes.',
    allocation: 20,
    actions: [
      'Learn twenty words',
      'Listen to a podcast',
      'Speak with Rosa for ten minutes',
      'Read a page of a novel',
    ],
  },
]
const FIRST = [
  'Amina',
  'Bo',
  'Chiara',
  'Dmitri',
  'Elodie',
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
]
const ZONES = [
  'Europe/Lisbon',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Tokyo',
  'Africa/Nairobi',
  'UTC',
]

const tables = {
  users: [],
  subscriptions: [],
  organizations: [],
  organization_domains: [],
  organization_members: [],
  organization_invitations: [],
  teams: [],
  team_members: [],
  visions: [],
  ai_analyses: [],
  shared_visions: [],
  daily_actions: [],
  time_entries: [],
  data_export_requests: [],
  data_deletion_requests: [],
  data_imports: [],
  analytics_events: [],
}

/** An account with visions and so many days of actions. */
function person(name, full_name, email, visions, days, rest) {
  const user_id = uuid(`futuresync/${name}`)
  const key = (what) => uuid(`futuresync/${name}/${what}`)
  // No password opens these accounts; the demo signs in by tokens.
  tables.users.push({
    id: user_id,
    email,
    email_verified_at: after(START, 0, 1),
    password_hash: null,
    name: full_name,
    display_name: full_name.split(' ')[0],
    onboarding_completed: true,
    preferences: { reminder: '08:00' },
    created_at: after(START, 0),
    ...rest,
  })
  tables.subscriptions.push({
    id: key('subscription'),
    user_id,
    plan: name === 'ada' ? 'premium' : 'free',
    status: 'active',
    current_period_start: after(START, 0),
    current_period_end: after(START, 365),
    created_at: after(START, 0),
  })
  const ids = VISIONS.slice(0, visions).map((vision, v) => {
    const id = key(`vision/${v}`)
    const analysis = key(`analysis/${v}`)
    tables.visions.push({
      id,
      user_id,
      category: vision.category,
      title: vision.title,
      description: vision.description,
      priority: 5 - v,
      time_allocation_minutes: vision.allocation,
      target_date: day(START, 5 * 365),
      ai_analysis_id: analysis,
      created_at: after(START, 0, 2 + v),
    })
    for (let n = 0; n < 2; n++) {
      tables.ai_analyses.push({
        id: n === 1 ? analysis : key(`analysis/${v}/first`),
        user_id,
        vision_id: id,
        model: 'planner-2',
        summary: `${vision.title}: small steps on most days, one long one a week.`,
        insights: [
          { kind: 'pace', minutes: vision.allocation },
          { kind: 'risk', text: 'Weekends are skipped first.' },
        ],
        confidence: n === 1 ? 0.82 : 0.61,
        created_at: after(START, n, 12),
      })
    }
    return id
  })
  for (let d = 0; d < days; d++) {
    // A day without anything now and then, so that streaks end.
    const idle = d % 19 === 18
    for (let v = 0; v < visions; v++) {
      if (v > 0 && chance.percent(35)) continue
      const status = idle
        ? 'skipped'
        : d === days - 1
          ? chance.pick(['pending', 'in_progress'])
          : chance.percent(80)
            ? 'completed'
            : 'skipped'
      const id = key(`action/${d}/${v}`)
      const estimated = chance.pick([10, 15, 20, 30, 45])
      const ai = chance.percent(70)
      const tracked = status === 'completed' && chance.percent(20)
      tables.daily_actions.push({
        id,
        user_id,
        vision_id: ids[v],
        action_date: day(START, d),
        description: chance.pick(VISIONS[v].actions),
        estimated_time_minutes: estimated,
        status,
        ai_generated: ai,
        ai_reasoning: ai ? 'It takes little time and keeps the rhythm.' : null,
        notes: chance.percent(10) ? 'Easier than yesterday.' : null,
        started_at:
          status === 'completed' || status === 'in_progress' ? after(START, d, 7 + v * 3) : null,
        completed_at: status === 'completed' ? after(START, d, 8 + v * 3) : null,
        created_at: after(START, d, 5),
      })
      if (tracked)
        tables.time_entries.push({
          id: key(`time/${d}/${v}`),
          user_id,
          action_id: id,
          started_at: after(START, d, 7 + v * 3),
          ended_at: after(START, d, 7 + v * 3 + chance.int(1, 6) / 10),
          created_at: after(START, d, 8 + v * 3),
        })
    }
    tables.analytics_events.push({
      id: key(`event/${d}`),
      occurred_at: after(START, d, 7),
      user_id,
      session_id: key(`session/${d}`),
      event_name: chance.pick(['app.opened', 'action.viewed', 'vision.viewed']),
      properties: { platform: chance.pick(['web', 'ios', 'android']) },
      duration_ms: chance.int(40, 900),
    })
  }
  return { user_id, key, visions: ids }
}

/** What only the two have: requests and an import. */
function paperwork({ user_id, key }) {
  tables.data_export_requests.push(
    {
      id: key('export/old'),
      user_id,
      status: 'expired',
      requested_at: after(START, 20),
      completed_at: after(START, 20, 1),
      expires_at: after(START, 27),
      size_bytes: 48213,
    },
    { id: key('export'), user_id, status: 'pending', requested_at: after(START, 60) },
  )
  tables.data_deletion_requests.push({
    id: key('deletion'),
    user_id,
    reason: 'By mistake.',
    requested_at: after(START, 30),
    scheduled_for: after(START, 60),
    cancelled_at: after(START, 31),
  })
  tables.data_imports.push({
    id: key('import'),
    user_id,
    status: 'applied',
    payload: { version: 1, visions: [{ title: 'Old vision', category: 'health' }], streak: 4 },
    preview: { visions: 1 },
    created_at: after(START, 0, 3),
    finished_at: after(START, 0, 4),
  })
}

const ada = person('ada', 'Ada Byron', 'ada@engines.example', 4, 120, {
  timezone: 'Europe/London',
  locale: 'en-GB',
})
const grace = person('grace', 'Grace Hopper', 'grace@example.org', 2, 30, {
  timezone: 'America/New_York',
  locale: 'en-US',
})
paperwork(ada)
paperwork(grace)
const organization_id = uuid('futuresync/engines')
const team_id = uuid('futuresync/engines/team')
tables.organizations.push({
  id: organization_id,
  name: 'Analytical Engines',
  slug: 'analytical-engines',
  seats: 25 + extra,
  subscription_status: 'active',
  branding: { color: '#0f766e' },
  settings: { weekly_digest: true },
  created_by: ada.user_id,
  created_at: after(START, 1),
})
tables.organization_domains.push({
  domain: 'engines.example',
  organization_id,
  verified_at: after(START, 2),
  created_at: after(START, 1),
})
tables.organization_members.push(
  {
    organization_id,
    user_id: ada.user_id,
    role: 'owner',
    joined_by: 'founder',
    joined_at: after(START, 1),
  },
  {
    organization_id,
    user_id: grace.user_id,
    role: 'member',
    joined_by: 'invitation',
    invited_by: ada.user_id,
    joined_at: after(START, 3),
  },
)
const hash = (token) => createHash('sha256').update(token).digest('hex')
tables.organization_invitations.push(
  {
    id: uuid('futuresync/engines/invitation/1'),
    organization_id,
    email: 'grace@example.org',
    token_hash: hash('grace'),
    invited_by: ada.user_id,
    status: 'accepted',
    created_at: after(START, 2),
    expires_at: after(START, 9),
    responded_at: after(START, 3),
  },
  {
    id: uuid('futuresync/engines/invitation/2'),
    organization_id,
    email: 'alan@example.org',
    token_hash: hash('alan'),
    invited_by: ada.user_id,
    created_at: after(START, 4),
    expires_at: after(START, 11),
  },
)
tables.teams.push({
  id: team_id,
  organization_id,
  name: 'Mill',
  description: 'Those who run before work.',
  created_at: after(START, 4),
})
for (const { user_id } of [ada, grace])
  tables.team_members.push({
    team_id,
    user_id,
    organization_id,
    is_lead: user_id === ada.user_id,
    joined_at: after(START, 4),
  })
tables.shared_visions.push(
  { organization_id, vision_id: ada.visions[0], user_id: ada.user_id, shared_at: after(START, 5) },
  {
    organization_id,
    vision_id: grace.visions[1],
    user_id: grace.user_id,
    shared_at: after(START, 6),
  },
)
for (let n = 0; n < extra; n++)
  person(
    `person/${n}`,
    `${FIRST[n % FIRST.length]} ${n}`,
    `person${n}@example.net`,
    1 + (n % 3),
    14,
    { timezone: ZONES[n % ZONES.length] },
  )
write(Object.entries(tables))
