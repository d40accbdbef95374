//! Every state and every event: the table in docs/sync-protocol.md is what the machine does.

use super::*;

const DOCUMENT: &str = include_str!("../../../../../docs/sync-protocol.md");

const STATES: [State; 10] = [
    State::Following { syncing: false },
    State::Following { syncing: true },
    State::Idle,
    syncing(false, false),
    syncing(true, false),
    syncing(false, true),
    State::Waiting {
        attempt: 2,
        since_ms: NOW - 2_000,
        gap_ms: 1_500,
    },
    State::Paused(ErrorCode::TokenExpired),
    State::Paused(ErrorCode::SchemaChanged),
    State::Closed,
];

const fn syncing(again: bool, renewed: bool) -> State {
    State::Syncing {
        again,
        renewed,
        attempt: 2,
    }
}

fn events() -> [Event; 16] {
    [
        Event::Led,
        Event::Followed,
        Event::Wrote,
        Event::Connected,
        Event::Poked,
        Event::WentOnline,
        Event::Asked,
        Event::TimerFired,
        Event::Synced { more: false },
        Event::Synced { more: true },
        failed(ErrorCode::Network),
        failed(ErrorCode::SequenceGap),
        failed(ErrorCode::MalformedRequest),
        failed(ErrorCode::TokenExpired),
        failed(ErrorCode::SchemaChanged),
        Event::Closed,
    ]
}

/// A state of another kind than those here does not compile.
fn state_name(state: &State) -> String {
    match state {
        State::Following { syncing: false } => "following".into(),
        State::Following { syncing: true } => "following, syncing".into(),
        State::Idle => "idle".into(),
        State::Syncing { renewed: true, .. } => "syncing, new token".into(),
        State::Syncing { again: true, .. } => "syncing, again".into(),
        State::Syncing { .. } => "syncing".into(),
        State::Waiting { .. } => "waiting".into(),
        State::Paused(code) => format!("paused ({})", recovery(*code)),
        State::Closed => "closed".into(),
    }
}

fn event_name(event: &Event) -> String {
    match event {
        Event::Led => "led".into(),
        Event::Followed => "followed".into(),
        Event::Wrote => "wrote".into(),
        Event::Connected => "connected".into(),
        Event::Poked => "poked".into(),
        Event::WentOnline => "went online".into(),
        Event::Asked => "asked".into(),
        Event::TimerFired => "timer".into(),
        Event::Synced { more: false } => "synced".into(),
        Event::Synced { more: true } => "synced, more".into(),
        Event::Failed { code, .. } => format!("failed ({})", recovery(*code)),
        Event::Closed => "closed".into(),
    }
}

fn recovery(code: ErrorCode) -> &'static str {
    match code.recovery() {
        Recovery::None => "none",
        Recovery::Retry => "retry",
        Recovery::Authenticate => "authenticate",
        Recovery::Reset => "reset",
        Recovery::Upgrade => "upgrade",
    }
}

fn effect_name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Sync { fresh_token: false } => "sync",
        Effect::Sync { fresh_token: true } => "sync with a new token",
        Effect::Arm { .. } => "arm",
        Effect::Disarm => "disarm",
        Effect::OpenSocket => "open",
        Effect::CloseSocket => "close",
    }
}

/// What an event does in a state, in words; a dash for nothing.
fn cell(state: &State, event: Event) -> String {
    let mut machine = Machine {
        state: state.clone(),
    };
    let effects = run(&mut machine, event);
    let mut words = Vec::new();
    if state_name(machine.state()) != state_name(state) {
        words.push(format!("**{}**", state_name(machine.state())));
    } else if machine.state() != state && effects.is_empty() {
        words.push("again".into());
    }
    words.extend(effects.iter().map(|effect| effect_name(effect).to_owned()));
    match words.is_empty() {
        true => "–".into(),
        false => words.join(", "),
    }
}

#[test]
fn the_documented_table_is_what_the_machine_does() {
    let heads: Vec<String> = STATES.iter().map(state_name).collect();
    let mut table = vec![format!("event | {}", heads.join(" | "))];
    for event in events() {
        let cells: Vec<String> = STATES
            .iter()
            .map(|state| cell(state, event.clone()))
            .collect();
        table.push(format!("{} | {}", event_name(&event), cells.join(" | ")));
    }
    // However the columns are aligned there.
    let documented: Vec<String> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim().trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(" | ")
        })
        .collect();
    for line in &table {
        let all = || table.join("\n");
        assert!(
            documented.contains(line),
            "not there: {line}\nof\n{}",
            all()
        );
    }
}

#[test]
fn wherever_it_is_a_leading_machine_has_a_sync_or_a_timer() {
    for state in STATES {
        for event in events() {
            let mut machine = Machine {
                state: state.clone(),
            };
            // As its state says: in these a timer is armed already.
            let upgrading = |state: &State| matches!(state, State::Paused(code) if code.recovery() == Recovery::Upgrade);
            let timed = matches!(state, State::Idle | State::Waiting { .. }) || upgrading(&state);
            let fired = event == Event::TimerFired;
            let effects = run(&mut machine, event.clone());
            let armed = effects.iter().rev().find_map(|effect| match effect {
                Effect::Arm { .. } => Some(true),
                Effect::Disarm => Some(false),
                _ => None,
            });
            let armed = armed.unwrap_or(timed && !fired);
            let syncing = matches!(machine.state(), State::Syncing { .. });
            let sync = effects.iter().any(|e| matches!(e, Effect::Sync { .. }));
            let was_syncing = matches!(
                state,
                State::Syncing { .. } | State::Following { syncing: true }
            );
            let of = format!("{state:?}, {event:?}: {effects:?}, {:?}", machine.state());
            let must = match machine.state() {
                State::Idle | State::Waiting { .. } => true,
                other => upgrading(other),
            };
            assert!(!must || armed, "no timer: {of}");
            assert!(!syncing || sync || was_syncing, "no sync: {of}");
            let ends = matches!(event, Event::Synced { .. } | Event::Failed { .. });
            assert!(!sync || !was_syncing || ends, "two syncs at once: {of}");
        }
    }
}
