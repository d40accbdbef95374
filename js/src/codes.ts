// Written by `cargo xtask generate` from crates/core/src/error.rs. Do not edit.

/** The stable code of an error; codes are never reused. `docs/errors.md` explains each. */
export type ErrorCode =
  /** No user is known yet, so nothing can be written: pass a `token` that resolves, once, while online. */
  | 'not_signed_in'
  /** The request carries no bearer token. */
  | 'token_missing'
  /** The token's `exp` has passed. */
  | 'token_expired'
  /** The token is malformed, wrongly signed, or lacks the claim that names the user. */
  | 'token_invalid'
  /** The token was revoked before it expired. */
  | 'token_revoked'
  /** The token names another user than this database belongs to; the instance is closed and must be opened anew. */
  | 'identity_changed'
  /** The replica id belongs to another user. */
  | 'replica_foreign'
  /** The number was used by this replica for another mutation, as where a browser profile was copied; what is pending is sent again under a new replica id. */
  | 'replica_forked'
  /** The page's origin is not on the endpoint's allow-list. */
  | 'origin_refused'
  /** The body is not the JSON that this address expects. */
  | 'malformed_request'
  /** The body did not arrive in time. */
  | 'body_timeout'
  /** The body is larger than the endpoint's limit. */
  | 'body_too_large'
  /** The endpoint does not speak this protocol version. */
  | 'protocol_unsupported'
  /** The database's schema is no longer the one that this client was built with. */
  | 'schema_changed'
  /** A mutation is missing between the last one the endpoint knows and the first one sent. */
  | 'sequence_gap'
  /** The cursor is older than the changes that the endpoint keeps, or from another history. */
  | 'cursor_expired'
  /** There are more rows than a replica may hold, or than one answer to a query has. */
  | 'too_many_rows'
  /** There is nothing at this address. */
  | 'not_found'
  /** The schema has no synced table of this name. */
  | 'unknown_table'
  /** The table has no such column, or it is private. */
  | 'unknown_column'
  /** The value is not of the column's type (SQLSTATE 22P02). */
  | 'type_mismatch'
  /** The text is longer than the column allows (SQLSTATE 22001). */
  | 'value_too_long'
  /** The number or time is outside the type's range (SQLSTATE 22003 or 22008). */
  | 'out_of_range'
  /** The column needs a value (SQLSTATE 23502). */
  | 'not_null_violation'
  /** A CHECK constraint, of the table or of a domain, does not hold (SQLSTATE 23514); `details.constraint` names it. */
  | 'check_violation'
  /** Another row already has these values (SQLSTATE 23505); `details.constraint` names the unique constraint or index. */
  | 'unique_violation'
  /** The row that is referred to does not exist, or rows still refer to the one that would go (SQLSTATE 23503; 23001 for RESTRICT from Postgres 18 on). */
  | 'foreign_key_violation'
  /** The row belongs to another identity, or the column may not be written (SQLSTATE 42501). */
  | 'permission_denied'
  /** The replica holds no row with this key. */
  | 'row_not_found'
  /** The query is not one that the schema allows. */
  | 'invalid_query'
  /** Postgres did not answer the query within the endpoint's time limit; ask for less, or for what an index finds. */
  | 'query_too_slow'
  /** A transaction's callback returned a promise, or its handle was used after the callback had returned. */
  | 'transaction_misused'
  /** A hook returned a promise, wrote other than by what it is given, caused too deep a chain of hooks, or foresaw what it can't. */
  | 'hook_misused'
  /** The mutation could never be sent, because it is larger than the endpoint's body limit. */
  | 'mutation_too_large'
  /** The mutation queue is at its bound; sync before writing more. */
  | 'queue_full'
  /** The leased keys of this table are used up, and its type has no room for temporary ones; more are leased at the next sync. */
  | 'keys_exhausted'
  /** Postgres refused the mutation; `details` carries SQLSTATE, constraint and a sentence. */
  | 'rejected'
  /** Someone else changed the same columns first; the losing values are kept in `db.conflicts.lost`. */
  | 'conflict'
  /** The row that the mutation changes no longer exists for this user. */
  | 'gone'
  /** The browser refuses IndexedDB here (private mode, or disabled). */
  | 'storage_unavailable'
  /** The browser has no room for the write; nothing was stored. */
  | 'storage_quota'
  /** IndexedDB failed; the write was not acknowledged. */
  | 'storage_failed'
  /** The local store was written by newer code; reload to get that code. */
  | 'store_too_new'
  /** Another tab runs newer code and has upgraded the local store; reload this one. */
  | 'store_upgraded'
  /** The database was closed. */
  | 'closed'
  /** The endpoint can't be reached. */
  | 'network'
  /** The endpoint can't take the request now. */
  | 'overloaded'
  /** The endpoint can't reach Postgres. */
  | 'database_unavailable'
  /** A defect in Haversack; the request id finds it in the endpoint's log. */
  | 'internal'
  /** `haversack.toml` or an option says something that can't be. */
  | 'config_invalid'
  /** A migration file differs from what was applied; write a new migration instead. */
  | 'migration_changed'
  /** Postgres refused a migration; nothing of it was applied. */
  | 'migration_failed'
  /** A synced table has no primary key. */
  | 'primary_key_missing'
  /** The endpoint's role is owner, superuser or bypasses row security. */
  | 'role_unsafe'
  /** The database has not been attached: run `haversack attach`. */
  | 'not_attached'
  /** A table's row security has a shape from which no scope can be derived; declare one in `haversack.toml`. */
  | 'policy_unknown'
