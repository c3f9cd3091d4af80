//! Many figures as three: their median, the least and the most.

use serde::Serialize;

/// The figures of all rounds, as three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the rounds had no more.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Not a number where there are no figures.
    pub fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = figures.collect();
        all.sort_by(f64::total_cmp);
        let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
        let middle = f64::midpoint(at(all.len().saturating_sub(1) / 2), at(all.len() / 2));
        Self { median: middle, min: at(0), max: at(all.len().saturating_sub(1)) }
    }

    /// With so many digits after the point: `1.5 (1.4–1.7)`.
    pub fn with(self, digits: usize) -> String {
        let Self { median, min, max } = self;
        format!("{median:.digits$} ({min:.digits$}–{max:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 2.0, 9.0].into_iter());
        assert_eq!(spread, Spread { median: 3.0, min: 1.0, max: 9.0 });
        assert_eq!(Spread::of([5.0].into_iter()).with(0), "5 (5–5)");
    }

    #[test]
    fn it_is_written_with_its_bounds() {
        assert_eq!(Spread::of([1.0, 2.0, 4.0].into_iter()).with(1), "2.0 (1.0–4.0)");
    }
}
