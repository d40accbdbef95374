use super::*;

mod storm;
mod table;

const NOW: u64 = 1_000_000;

fn run(machine: &mut Machine, event: Event) -> Vec<Effect> {
    machine.handle(event, NOW, 0.5)
}

fn failed(code: ErrorCode) -> Event {
    Event::Failed {
        code,
        retry_after_ms: None,
    }
}

fn leading() -> Machine {
    let mut machine = Machine::default();
    run(&mut machine, Event::Led);
    machine
}

fn idle() -> Machine {
    let mut machine = leading();
    run(&mut machine, Event::Synced { more: false });
    machine
}

const SYNC: Effect = Effect::Sync { fresh_token: false };

#[test]
fn a_follower_never_syncs() {
    let mut machine = Machine::default();
    for event in [
        Event::Wrote,
        Event::Connected,
        Event::Poked,
        Event::WentOnline,
        Event::Asked,
        Event::TimerFired,
    ] {
        assert_eq!(run(&mut machine, event.clone()), vec![], "{event:?}");
    }
}

#[test]
fn leading_syncs_at_once_and_again_when_something_happened_meanwhile() {
    let mut machine = Machine::default();
    let effects = run(&mut machine, Event::Led);
    assert_eq!(effects, vec![Effect::OpenSocket, Effect::Disarm, SYNC]);
    assert_eq!(run(&mut machine, Event::Wrote), vec![]);
    assert!(run(&mut machine, Event::Synced { more: false }).contains(&SYNC));
    assert_eq!(
        run(&mut machine, Event::Synced { more: false }),
        vec![Effect::Arm {
            delay_ms: SYNC_INTERVAL_MS
        }]
    );
}

#[test]
fn writes_pokes_and_the_timer_wake_an_idle_machine() {
    for event in [
        Event::Wrote,
        Event::Connected,
        Event::Poked,
        Event::WentOnline,
        Event::Asked,
        Event::TimerFired,
    ] {
        assert!(run(&mut idle(), event.clone()).contains(&SYNC), "{event:?}");
    }
}

#[test]
fn more_in_the_queue_is_pushed_without_waiting() {
    assert!(run(&mut leading(), Event::Synced { more: true }).contains(&SYNC));
}

#[test]
fn a_timer_is_armed_after_every_failure() {
    for &code in ErrorCode::ALL {
        let mut machine = leading();
        let mut effects = run(&mut machine, failed(code));
        if effects.contains(&Effect::Sync { fresh_token: true }) {
            effects = run(&mut machine, failed(code));
        }
        let armed = effects.iter().any(|e| matches!(e, Effect::Arm { .. }));
        let paused = matches!(machine.state(), State::Paused(code) if code.recovery() == Recovery::Authenticate);
        assert!(
            armed != paused,
            "{code}: {effects:?} in {:?}",
            machine.state()
        );
    }
}

#[test]
fn waits_grow_with_full_jitter_and_are_bounded() {
    assert_eq!(backoff_ms(0, 0.5), 250);
    assert_eq!(backoff_ms(3, 0.5), 2_000);
    assert_eq!(backoff_ms(60, 1.0), BACKOFF_MS_MAX);
    assert_eq!(backoff_ms(5, 0.0), 0);
    let mut machine = leading();
    let event = Event::Failed {
        code: ErrorCode::Overloaded,
        retry_after_ms: Some(9_000),
    };
    assert_eq!(
        run(&mut machine, event),
        vec![Effect::Arm { delay_ms: 10_125 }],
        "the jitter comes on top of the endpoint's wish"
    );
}

#[test]
fn a_write_cuts_a_wait_short_but_not_more_than_once_a_second() {
    let mut machine = leading();
    run(&mut machine, failed(ErrorCode::Network));
    assert_eq!(machine.handle(Event::Wrote, NOW + 10, 0.5), vec![]);
    assert!(
        machine
            .handle(Event::Wrote, NOW + 2 * ATTEMPT_GAP_MS, 0.5)
            .contains(&SYNC)
    );
    assert!(matches!(machine.state(), State::Syncing { attempt: 1, .. }));
}

#[test]
fn a_write_does_not_cut_short_what_the_endpoint_wishes() {
    let mut machine = leading();
    let event = Event::Failed {
        code: ErrorCode::Overloaded,
        retry_after_ms: Some(9_000),
    };
    run(&mut machine, event);
    assert_eq!(machine.handle(Event::Wrote, NOW + 9_999, 0.5), vec![]);
    let effects = machine.handle(Event::Wrote, NOW + 10_000, 0.5);
    assert!(effects.contains(&SYNC));
}

#[test]
fn a_wish_is_bounded_and_the_longer_it_is_the_wider_a_fleet_comes_back() {
    for (wish_ms, least_ms) in [(0, 0), (120_000, 120_000), (u64::MAX, WISH_MS_MAX)] {
        let mut delays = Vec::new();
        for random in [0.0, 0.5, 0.999] {
            let mut machine = leading();
            let failure = Event::Failed {
                code: ErrorCode::Network,
                retry_after_ms: Some(wish_ms),
            };
            let effects = machine.handle(failure, NOW, random);
            let [Effect::Arm { delay_ms }] = effects[..] else {
                panic!("{effects:?}");
            };
            delays.push(delay_ms);
        }
        assert_eq!(delays[0], least_ms);
        let spread_ms = delays[2] - delays[0];
        assert!(spread_ms >= least_ms / 5, "{delays:?}");
        assert!(
            spread_ms <= (least_ms / 4).max(BACKOFF_MS_BASE),
            "{delays:?}"
        );
    }
}

#[test]
fn a_clock_that_steps_back_or_forward_by_years_holds_up_no_write() {
    const TEN_YEARS_MS: u64 = 315_576_000_000;
    for then in [NOW + TEN_YEARS_MS, 0] {
        let mut machine = leading();
        run(&mut machine, failed(ErrorCode::Network));
        let effects = machine.handle(Event::Wrote, then, 0.5);
        assert!(effects.contains(&SYNC), "from {NOW} to {then}");
        // And whatever the clock says, a timer is armed after a failure.
        let effects = machine.handle(failed(ErrorCode::Network), then, 0.5);
        assert!(matches!(effects[..], [Effect::Arm { .. }]), "{effects:?}");
    }
}

#[test]
fn an_expired_token_is_renewed_once_and_then_pauses() {
    let mut machine = leading();
    let effects = run(&mut machine, failed(ErrorCode::TokenExpired));
    assert!(effects.contains(&Effect::Sync { fresh_token: true }));
    let effects = run(&mut machine, failed(ErrorCode::TokenExpired));
    assert_eq!(effects, vec![Effect::Disarm, Effect::CloseSocket]);
    assert_eq!(run(&mut machine, Event::Wrote), vec![]);
    assert!(
        run(&mut machine, Event::Asked).contains(&Effect::Sync { fresh_token: true }),
        "asking again tries with a new token"
    );
}

#[test]
fn where_newer_code_is_needed_it_is_tried_again_now_and_then() {
    let mut machine = leading();
    let effects = run(&mut machine, failed(ErrorCode::SchemaChanged));
    assert!(effects.contains(&Effect::Arm {
        delay_ms: UPGRADE_CHECK_MS
    }));
    assert_eq!(run(&mut machine, Event::Wrote), vec![]);
    let effects = run(&mut machine, Event::TimerFired);
    assert!(effects.iter().any(|e| matches!(e, Effect::Sync { .. })));
}

#[test]
fn a_sync_that_ends_after_leadership_was_lost_arms_nothing() {
    let mut machine = leading();
    run(&mut machine, Event::Followed);
    assert_eq!(run(&mut machine, Event::Synced { more: true }), vec![]);
    assert_eq!(run(&mut machine, failed(ErrorCode::Network)), vec![]);
}

#[test]
fn a_lead_that_is_taken_again_waits_for_the_sync_that_is_under_way() {
    let ends = [
        Event::Synced { more: false },
        Event::Synced { more: true },
        failed(ErrorCode::Network),
    ];
    for end in ends {
        let mut machine = leading();
        run(&mut machine, Event::Followed);
        assert_eq!(run(&mut machine, Event::Led), vec![Effect::OpenSocket]);
        let effects = run(&mut machine, end.clone());
        let timed = effects.iter().any(|e| matches!(e, Effect::Arm { .. }));
        assert!(effects.contains(&SYNC) || timed, "{end:?}: {effects:?}");
        // Once it has ended, the next lead begins at once.
        let mut machine = leading();
        run(&mut machine, Event::Followed);
        run(&mut machine, end.clone());
        assert!(run(&mut machine, Event::Led).contains(&SYNC), "{end:?}");
    }
}

#[test]
fn nothing_happens_after_closing() {
    let mut machine = idle();
    run(&mut machine, Event::Closed);
    for event in [
        Event::Led,
        Event::Wrote,
        Event::Asked,
        Event::TimerFired,
        Event::Followed,
    ] {
        assert_eq!(run(&mut machine, event.clone()), vec![], "{event:?}");
    }
}

#[test]
fn pokes_do_not_shorten_the_wait_after_a_failure_and_a_ready_socket_ends_it() {
    let mut machine = leading();
    let failed = Event::Failed {
        code: ErrorCode::Overloaded,
        retry_after_ms: Some(5_000),
    };
    run(&mut machine, failed);
    for _ in 0..10 {
        assert_eq!(run(&mut machine, Event::Poked), vec![]);
    }
    assert!(run(&mut machine, Event::Connected).contains(&SYNC));
}
