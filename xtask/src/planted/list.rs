//! The bugs, and what catches each.

use std::fmt;

/// What has to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catcher {
    /// Random histories: `cargo xtask simulate`.
    Simulator,
    /// A test of a package, by its last name.
    Test(&'static str, &'static str),
}

impl fmt::Display for Catcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Catcher::Simulator => f.write_str("the simulator"),
            Catcher::Test(package, test) => write!(f, "{package}: {test}"),
        }
    }
}

/// A bug that is planted in the code.
pub struct Bug {
    /// Its name there.
    pub name: &'static str,
    /// What goes wrong.
    pub what: &'static str,
    /// What catches it.
    pub by: Catcher,
}

const fn bug(name: &'static str, what: &'static str, by: Catcher) -> Bug {
    Bug { name, what, by }
}

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "401-loops",
        "a token that is refused is renewed for ever",
        Catcher::Test(
            "haversack-core",
            "an_expired_token_is_renewed_once_and_then_pauses",
        ),
    ),
    bug(
        "any-key-is-leased",
        "a key that was leased to nobody is taken",
        Catcher::Simulator,
    ),
    bug(
        "batch-without-fence",
        "a former leader reads the queue and pushes",
        Catcher::Test(
            "haversack-simulator",
            "under_an_older_fence_nothing_is_read_to_be_pushed",
        ),
    ),
    bug(
        "columns-together-apart",
        "columns declared together conflict one by one",
        Catcher::Test(
            "haversack-core",
            "columns_that_belong_together_conflict_as_one",
        ),
    ),
    bug(
        "commit-without-fence",
        "a former leader stores an answer",
        Catcher::Simulator,
    ),
    bug(
        "counter-sets",
        "a counter is set to what one side shows",
        Catcher::Test("haversack-core", "the_order_of_arrival_makes_no_difference"),
    ),
    bug(
        "cursor-without-rows",
        "the cursor is stored, the rows that belong to it are not",
        Catcher::Simulator,
    ),
    bug(
        "delete-without-base",
        "a deletion does not look whether the row was edited",
        Catcher::Test(
            "haversack-core",
            "a_deletion_meets_an_edit_by_the_declared_rule",
        ),
    ),
    bug(
        "epoch-unread",
        "nobody notices that the server's history is another",
        Catcher::Simulator,
    ),
    bug(
        "failed-write-stays",
        "a write that could not be stored stays visible",
        Catcher::Simulator,
    ),
    bug(
        "forget-blocked-by",
        "nothing is said to depend on a refused mutation",
        Catcher::Test(
            "haversack-core",
            "what_changes_or_names_a_row_that_was_not_made_is_blocked",
        ),
    ),
    bug(
        "forget-lost",
        "a value that lost is not kept",
        Catcher::Simulator,
    ),
    bug(
        "forget-own-writes",
        "a replica conflicts with itself",
        Catcher::Test("haversack-core", "what_a_mutation_has_seen_is_no_excuse"),
    ),
    bug(
        "forget-rejected",
        "a refused mutation is not kept",
        Catcher::Simulator,
    ),
    bug(
        "frozen-leader-stays",
        "nobody replaces a leader that does not answer",
        Catcher::Test(
            "haversack-simulator",
            "a_leader_that_freezes_is_replaced_while_it_is_frozen",
        ),
    ),
    bug(
        "half-an-answer-counts",
        "an answer that broke off is stored with the old cursor",
        Catcher::Test(
            "haversack-simulator",
            "an_answer_that_breaks_off_leaves_the_disk_as_it_was",
        ),
    ),
    bug(
        "heard-with-a-restore-unkept",
        "what is heard to be applied with the news of a restore is not kept for the next",
        Catcher::Test(
            "haversack-simulator",
            "what_is_heard_with_the_news_of_a_restore_comes_back_after_the_next",
        ),
    ),
    bug(
        "holes-are-skipped",
        "numbers that no mutation has are not sent",
        Catcher::Simulator,
    ),
    bug(
        "ignore-removals",
        "a row that the server took away stays",
        Catcher::Simulator,
    ),
    bug(
        "journal-not-hydrated",
        "a tab that opens does not read the journal",
        Catcher::Simulator,
    ),
    bug(
        "judged-before-unasked",
        "what a restored history has judged of a replica before the last is offered it again",
        Catcher::Test(
            "haversack-simulator",
            "what_was_offered_to_one_backup_is_not_done_again_in_a_later_one",
        ),
    ),
    bug(
        "judged-mutation-adopted",
        "a mutation that has its verdict is shown again when another tab tells of it",
        Catcher::Test(
            "haversack-core",
            "judged_mutations_leave_with_the_patch_and_never_come_back",
        ),
    ),
    bug(
        "judged-mutation-returns",
        "a mutation whose verdict was quicker than its number stays pending",
        Catcher::Test(
            "haversack-core",
            "a_mutation_whose_verdict_was_quicker_than_its_number_is_not_pending",
        ),
    ),
    bug(
        "judged-under-another-epoch",
        "a request from before a restore is judged after it",
        Catcher::Test(
            "haversack-simulator",
            "under_another_epoch_nothing_new_is_judged_and_what_was_judged_is_known",
        ),
    ),
    bug(
        "judged-stay-queued",
        "mutations that have a verdict stay in the queue",
        Catcher::Simulator,
    ),
    bug(
        "keys-of-the-replica-before",
        "keys that come with the news of a restore are used, though they are another replica's",
        Catcher::Test(
            "haversack-simulator",
            "keys_that_come_with_the_news_of_a_restore_are_not_used",
        ),
    ),
    bug(
        "last-arrival-wins",
        "under every policy of contest the last to arrive wins",
        Catcher::Test(
            "haversack-core",
            "columns_conflict_only_when_someone_else_changed_them",
        ),
    ),
    bug(
        "leads-behind-the-disk",
        "a new leader does not read what the last one stored",
        Catcher::Test(
            "haversack-simulator",
            "who_begins_to_lead_knows_what_the_last_leader_has_stored",
        ),
    ),
    bug(
        "lease-shared",
        "two tabs take the same key of a lease",
        Catcher::Test("haversack-core", "no_key_is_drawn_twice_by_two_tabs"),
    ),
    bug(
        "lost-is-not-offered",
        "what a restored server has lost is not offered again",
        Catcher::Simulator,
    ),
    bug(
        "lww-last-arrival",
        "under lww the last to arrive wins, whatever the time",
        Catcher::Test("haversack-core", "the_order_of_arrival_makes_no_difference"),
    ),
    bug(
        "max-takes-all",
        "under max and min the last to arrive wins",
        Catcher::Test(
            "haversack-core",
            "a_lower_value_never_counts_under_max_even_alone",
        ),
    ),
    bug(
        "merge-takes-theirs",
        "under merge the own part is dropped",
        Catcher::Test(
            "haversack-core",
            "each_policy_decides_between_two_as_it_says",
        ),
    ),
    bug(
        "missed-patch-ignored",
        "a tab that missed a patch goes on with the next",
        Catcher::Test(
            "haversack-simulator",
            "a_tab_that_missed_a_patch_shows_its_rows_with_the_next",
        ),
    ),
    bug(
        "more-is-forgotten",
        "what did not fit into a batch waits for the next occasion",
        Catcher::Test(
            "haversack-core",
            "more_in_the_queue_is_pushed_without_waiting",
        ),
    ),
    bug(
        "no-timer-after-failure",
        "after a failure nothing is tried again",
        Catcher::Test("haversack-core", "a_timer_is_armed_after_every_failure"),
    ),
    bug(
        "no-timer-when-idle",
        "after a sync none is planned",
        Catcher::Test(
            "haversack-core",
            "leading_syncs_at_once_and_again_when_something_happened_meanwhile",
        ),
    ),
    bug(
        "optimistic-base",
        "an update's base is the visible value, not the confirmed one",
        Catcher::Test("haversack-core", "bases_are_what_the_person_saw_confirmed"),
    ),
    bug(
        "overwritten-unsaid",
        "a value that was overwritten is not reported",
        Catcher::Test("haversack-core", "no_value_vanishes_unsaid"),
    ),
    bug(
        "own-writes-hide-others",
        "what this replica wrote earlier hides what others wrote since",
        Catcher::Test("haversack-core", "what_a_mutation_has_seen_is_no_excuse"),
    ),
    bug(
        "page-forgets-who-left",
        "a live query is not asked again when a row leaves it",
        Catcher::Simulator,
    ),
    bug(
        "page-with-room-is-full",
        "a live query is not asked again when a row comes to a page with room for it, at its end",
        Catcher::Simulator,
    ),
    bug(
        "pending-rows-stay-old",
        "a row with pending changes does not take over what was confirmed",
        Catcher::Test(
            "haversack-core",
            "what_is_predicted_follows_what_is_confirmed",
        ),
    ),
    bug(
        "predecessor-unasked",
        "a second restore, to before a replica began, is taken for one to its beginning",
        Catcher::Test(
            "haversack-simulator",
            "what_a_replica_lost_before_it_was_another_one_comes_back_too",
        ),
    ),
    bug(
        "pushed-without-an-epoch",
        "a replica pushes before it knows to which history",
        Catcher::Simulator,
    ),
    bug(
        "queue-not-hydrated",
        "a tab that opens does not show what is queued",
        Catcher::Simulator,
    ),
    bug(
        "queue-relaxed",
        "a write is acknowledged before it is on disk",
        Catcher::Simulator,
    ),
    bug(
        "queued-keys-reclaimed",
        "keys of queued rows are given out again",
        Catcher::Test(
            "haversack-simulator",
            "keys_of_queued_rows_are_not_given_to_the_next_tab",
        ),
    ),
    bug(
        "rekey-keys-only",
        "a temporary key stays in the columns that refer to it",
        Catcher::Test(
            "haversack-core",
            "updates_and_deletes_find_their_row_by_its_new_key",
        ),
    ),
    bug(
        "related-rows-unwatched",
        "a live query is not asked again when rows of another table change that it asks for",
        Catcher::Simulator,
    ),
    bug(
        "remember-undone-writes",
        "what a refused mutation wrote counts as the replica's own",
        Catcher::Test(
            "haversack-simulator",
            "what_an_undone_mutation_wrote_is_nobodys_own",
        ),
    ),
    bug(
        "renewed-under-old-id",
        "a replica that the server lost goes on under its old id",
        Catcher::Simulator,
    ),
    bug(
        "retry-at-once",
        "attempts follow each other without a pause",
        Catcher::Test(
            "haversack-core",
            "waits_grow_with_full_jitter_and_are_bounded",
        ),
    ),
    bug(
        "snapshot-removes-nothing",
        "rows that a snapshot does not have stay",
        Catcher::Simulator,
    ),
    bug(
        "spent-key-again",
        "a key that a row has is given to another",
        Catcher::Test(
            "haversack-core",
            "a_dead_tabs_unused_keys_come_back_but_not_the_spent_ones",
        ),
    ),
    bug(
        "transactions-in-parts",
        "a transaction of several rows is applied in part",
        Catcher::Test(
            "haversack-core",
            "one_row_merges_and_several_stand_or_fall_together",
        ),
    ),
    bug(
        "two-syncs-of-one-tab",
        "a tab that leads again begins a sync while one from before is under way",
        Catcher::Test(
            "haversack-core",
            "a_lead_that_is_taken_again_waits_for_the_sync_that_is_under_way",
        ),
    ),
    bug(
        "write-meanwhile-forgotten",
        "what is written during a sync waits for the next occasion",
        Catcher::Test(
            "haversack-core",
            "leading_syncs_at_once_and_again_when_something_happened_meanwhile",
        ),
    ),
    bug(
        "write-told-to-nobody",
        "other tabs do not hear of a write",
        Catcher::Test(
            "haversack-simulator",
            "a_write_shows_in_the_other_tab_before_the_server_has_it",
        ),
    ),
];
