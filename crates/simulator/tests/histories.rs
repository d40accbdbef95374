//! Histories that once broke an invariant, and a few fresh ones.

use haversack_simulator::batch::{SHRINK_MAX, run_batch, twice};
use haversack_simulator::history::History;
use std::path::Path;

/// How many fresh histories run; `cargo xtask simulate` runs more.
const FRESH: u64 = 8;

#[test]
fn what_once_broke_an_invariant_does_so_no_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let files = std::fs::read_dir(folder).expect("a folder of histories");
    let mut ran = 0;
    for file in files {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a history");
        let history: History = serde_json::from_str(&text).expect("a history");
        let outcome = twice(&history);
        assert!(
            outcome.failure.is_none(),
            "{}: {:?}",
            path.display(),
            outcome.failure
        );
        ran += 1;
    }
    assert!(ran > 0, "no history is kept");
}

#[test]
fn fresh_histories_break_no_invariant() {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = since.expect("a clock").as_nanos() as u64;
    let report = run_batch(seed, FRESH, 1, SHRINK_MAX);
    let failed = report.failed.map(|failed| failed.to_string());
    assert_eq!(failed, None, "batch {seed}");
    assert_eq!(report.histories, FRESH);
}
