//! Statistics over many measurements.

/// The middle one, or the mean of the two in the middle; `None` of nothing.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2).copied()?;
    let lower = numbers[(numbers.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// The number that `percent` of a hundred do not exceed; `None` of nothing.
pub(super) fn percentile(mut numbers: Vec<f64>, percent: usize) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let rank = (numbers.len() * percent).div_ceil(100);
    numbers.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn a_percentile_is_one_of_the_numbers() {
        let hundred = || (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(hundred(), 95), Some(95.0));
        assert_eq!(percentile(hundred(), 99), Some(99.0));
        assert_eq!(percentile(vec![7.0], 95), Some(7.0));
        assert_eq!(percentile(Vec::new(), 95), None);
    }
}
