//! Rows of parameters as the arrays that a statement over many rows takes.

/// The values of each column, of rows that are so wide.
pub(super) fn by_column<T>(rows: &[Vec<T>], width: usize) -> Vec<Vec<&T>> {
    (0..width)
        .map(|i| rows.iter().map(|row| &row[i]).collect())
        .collect()
}
