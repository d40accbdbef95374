// Makes a short question of a long one that is answered differently.

/** The shortest question found of which `differs` is still true. */
export async function shrink(query, differs) {
  for (;;) {
    let shorter
    for (const candidate of candidates(query)) {
      if (await differs(candidate)) {
        shorter = candidate
        break
      }
    }
    if (shorter === undefined) return query
    query = shorter
  }
}

function* candidates(query) {
  const { limit, offset, order, after } = query
  if (after !== undefined) yield { ...query, after: undefined }
  if (limit !== undefined) yield { ...query, limit: undefined }
  if (offset !== undefined) yield { ...query, offset: undefined }
  for (let i = 0; i < (query.with?.length ?? 0); i++) {
    const rest = query.with.toSpliced(i, 1)
    yield { ...query, with: rest.length === 0 ? undefined : rest }
    for (const beside of candidates(query.with[i].query)) {
      yield { ...query, with: query.with.with(i, { ...query.with[i], query: beside }) }
    }
  }
  for (let i = 0; i < order.length; i++) yield { ...query, order: order.toSpliced(i, 1) }
  for (let i = 0; i < (query.by?.length ?? 0); i++) {
    if (query.order.every(({ column }) => column !== query.by[i])) {
      yield { ...query, by: query.by.toSpliced(i, 1) }
    }
  }
  for (let i = 0; i < (query.having?.length ?? 0); i++) {
    yield { ...query, having: query.having.toSpliced(i, 1) }
  }
  for (const [i, { name }] of (query.values ?? []).entries()) {
    const used = [...query.order, ...query.having].some(({ column }) => column === name)
    if (!used && query.values.length > 1) yield { ...query, values: query.values.toSpliced(i, 1) }
  }
  for (const where of lists(query.where)) yield { ...query, where }
}

/** A list of filters, with one less, or one that is shorter. */
function* lists(filters) {
  for (let i = 0; i < filters.length; i++) {
    yield filters.toSpliced(i, 1)
    for (const filter of shorter(filters[i])) yield filters.with(i, filter)
  }
}

function* shorter(filter) {
  if (filter.members !== undefined) {
    // What is asked of another table can't be asked of this one.
    if (filter.op !== 'exists') yield* filter.members
    if (filter.op === 'not')
      for (const member of shorter(filter.members[0])) yield { ...filter, members: [member] }
    else for (const members of lists(filter.members)) yield { ...filter, members }
  } else if (filter.op === 'in') {
    for (let i = 0; i < filter.values.length; i++) {
      yield { ...filter, values: filter.values.toSpliced(i, 1) }
    }
  }
}
