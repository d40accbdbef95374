//! Finds the steps that matter, by leaving out others as long as what fails still fails.

use std::time::{Duration, Instant};

/// Leaves out as many items as it can within a time; `fails` says whether those that are left still
/// fail. Delta debugging: large pieces first, then smaller ones, until no single item can go.
///
/// What it gives always fails by `fails`, or is all of `items`.
pub fn shrink<T: Clone>(
    items: &[T],
    limit: Duration,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let deadline = Instant::now() + limit;
    let mut kept = items.to_vec();
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        let before = kept.len();
        while from < kept.len() {
            if Instant::now() >= deadline {
                return kept;
            }
            let to = (from + size).min(kept.len());
            let without: Vec<T> = kept[..from].iter().chain(&kept[to..]).cloned().collect();
            if fails(&without) {
                kept = without;
            } else {
                from = to;
            }
        }
        // What went may have made others superfluous.
        if size > 1 {
            size = size.div_ceil(2).min(kept.len());
        } else if kept.len() == before {
            return kept;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_matters_is_left_and_nothing_else() {
        let items: Vec<u32> = (0..257).collect();
        for needed in [
            vec![],
            vec![0],
            vec![256],
            vec![3, 4, 200],
            vec![0, 128, 256],
        ] {
            let fails = |some: &[u32]| needed.iter().all(|n| some.contains(n));
            assert_eq!(shrink(&items, LONG, fails), needed);
        }
    }

    #[test]
    fn what_goes_only_together_goes() {
        // Every item needs the one after it, so the first can only go before the others.
        let items: Vec<u32> = (0..40).collect();
        let fails =
            |some: &[u32]| some.contains(&39) && some.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert_eq!(shrink(&items, LONG, fails), [39]);
    }

    #[test]
    fn it_ends_in_time_with_what_still_fails() {
        let items: Vec<u32> = (0..100).collect();
        let mut asked = 0;
        let fails = |some: &[u32]| {
            asked += 1;
            std::thread::sleep(Duration::from_millis(5));
            some.contains(&7)
        };
        let left = shrink(&items, Duration::from_millis(20), fails);
        assert!(left.contains(&7));
        assert!(asked < 10, "{asked}");
    }
}
