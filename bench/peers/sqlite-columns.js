/** The columns of `events`, in the order in which values stand between page and worker. */
export const COLUMNS = [
  'event_id',
  'user_id',
  'event_type_id',
  'title',
  'description',
  'completed_date',
  'status',
  'is_favorite',
  'custom_fields',
  'created_at',
  'updated_at',
  'deleted_at',
  'priority',
  'budget',
  'location',
  'due_date',
]
