//! Reads how many tests passed and failed from what the runners print.

use std::ops::AddAssign;

/// Tests of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were left out, by their own word.
    pub skipped: usize,
}

impl Counts {
    /// Of a run that is one test.
    pub fn one(passed: bool) -> Self {
        Self {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            skipped: 0,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, one line per binary: cargo test, wasm-pack.
pub fn libtest(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output
        .lines()
        .filter(|line| line.trim_start().starts_with("test result:"))
    {
        counts += Counts {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed"),
            skipped: number_before(line, " ignored"),
        };
    }
    counts
}

/// `Summary [   0.012s] 4 tests run: 3 passed (1 slow), 1 failed, 0 skipped`: cargo nextest.
pub fn nextest(output: &str) -> Counts {
    let Some(line) = output
        .lines()
        .rfind(|line| line.trim_start().starts_with("Summary ["))
    else {
        return Counts::default();
    };
    Counts {
        passed: number_before(line, " passed"),
        failed: number_before(line, " failed") + number_before(line, " timed out"),
        skipped: number_before(line, " skipped"),
    }
}

/// The closing lines `# pass 3`, `ℹ fail 0`: node:test, in its TAP and its spec reporter.
pub fn node(output: &str) -> Counts {
    let value = |name: &str| {
        output
            .lines()
            .rev()
            .filter_map(|line| line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")))
            .find_map(|line| {
                line.strip_prefix(name)?
                    .strip_prefix(' ')?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0)
    };
    Counts {
        passed: value("pass"),
        failed: value("fail") + value("cancelled"),
        skipped: value("skipped") + value("todo"),
    }
}

/// Lines `ok 1 …` and `not ok 2 …`: the steps of the story.
pub fn steps(output: &str) -> Counts {
    let starts = |start: &str| {
        output
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(start))
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
            .count()
    };
    Counts {
        passed: starts("ok "),
        failed: starts("not ok "),
        skipped: 0,
    }
}

fn number_before(line: &str, word: &str) -> usize {
    line.find(word)
        .map(|end| &line[..end])
        .and_then(|before| before.rsplit(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: usize, failed: usize, skipped: usize) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn counts_are_read_from_each_runner() {
        let two_binaries = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(libtest(two_binaries), counts(5, 4, 1));

        let run = "     Summary [   0.012s] 14 tests run: 11 passed (1 slow), 2 failed, 1 timed out, 3 skipped";
        assert_eq!(nextest(run), counts(11, 3, 3));
        assert_eq!(nextest("error: could not compile"), counts(0, 0, 0));

        let tap = "TAP version 13\nok 1 - a\n1..4\n# tests 4\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n";
        assert_eq!(node(tap), counts(2, 1, 1));
        assert_eq!(node("ℹ pass 7\nℹ fail 0\n"), counts(7, 0, 0));

        let story = "ok 1 first sync\n  page: 3\nnot ok 2 offline\nok then\n";
        assert_eq!(steps(story), counts(1, 1, 0));
    }
}
