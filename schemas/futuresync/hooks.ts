// What the triggers of this schema do that a user has to see offline: times, and the minutes spent on
// an action. Not here yet: streaks and achievements (U3), which depend on rows that others see too, and
// what follows from organisations. Audit logs are the server's alone.

import type { AnyHooks, Context, Value } from '../hooking.js'
import { allTouched, rowsWhere, touches } from '../hooking.js'

type Row = { readonly [column: string]: Value }

const TOUCHED = [
  ...['users', 'subscriptions', 'visions'],
  ...['organizations', 'organization_members', 'teams', 'shared_visions'],
]

/** `note_when_completed()`. */
function completed(row: Row, { now }: Context): { [column: string]: Value } {
  const begun = row.status === 'in_progress' || row.status === 'completed'
  return {
    ...(begun ? { started_at: row.started_at ?? now } : {}),
    completed_at: row.status === 'completed' ? (row.completed_at ?? now) : null,
  }
}

/** `sum_time_entries()`: the minutes of an action. */
function sum(entry: Row, context: Context): void {
  const action = context.db.table('daily_actions').get(entry.action_id as string)
  if (action === undefined || action.user_id !== entry.user_id) return
  const entries = rowsWhere(context, 'time_entries', {
    action_id: entry.action_id as string,
    user_id: entry.user_id as string,
  })
  // The sum of nothing is null.
  const minutes = entries.map((row) => row.minutes).filter((value) => value !== null)
  const total =
    minutes.length === 0 ? null : minutes.reduce<number>((all, one) => all + (one as number), 0)
  if (action.actual_time_minutes === total) return
  context.predicted.daily_actions!.update(entry.action_id as string, { actual_time_minutes: total })
}

export const hooks: AnyHooks = {
  ...allTouched(...TOUCHED),
  daily_actions: {
    before: {
      insert: (row, context) => ({ predicted: completed(row, context) }),
      update: (row, _old, context) => ({
        predicted: { ...completed(row, context), updated_at: context.now },
      }),
    },
  },
  time_entries: {
    after: {
      insert: sum,
      update: (row, old, context) => {
        sum(row, context)
        if (old.action_id !== row.action_id || old.user_id !== row.user_id) sum(old, context)
      },
      delete: sum,
    },
  },
}

/** Columns that triggers set and these hooks foresee to the letter. */
export const covers = [
  ...touches(...TOUCHED, 'daily_actions'),
  ...['daily_actions.started_at', 'daily_actions.completed_at'],
]
