/// The most decimal places that a sum keeps track of. The API has three.
const MOST_PLACES: u8 = 6;
/// Whole numbers below it have exact binary forms, also after a multiplication that rounds.
const LARGEST_SCALED: f64 = 2_251_799_813_685_248.0;

/// A sum of decimal numbers without the error of binary fractions: 0.1 and 0.2 are 0.3. A sum with a part that has more
/// decimal places, such as an average, is not rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct DecimalSum {
    total: f64,
    /// The most decimal places of a part.
    places: u8,
}

impl DecimalSum {
    pub(super) fn add(&mut self, part: f64) {
        self.total += part;
        self.places = self.places.max(decimal_places(part));
    }

    pub(super) fn add_sum(&mut self, other: Self) {
        self.total += other.total;
        self.places = self.places.max(other.places);
    }

    pub(super) fn value(self) -> f64 {
        let scale = scale(self.places);
        if self.places > MOST_PLACES || (self.total * scale).abs() >= LARGEST_SCALED {
            return self.total;
        }
        // Plus zero, so that a sum is never shown as -0.
        (self.total * scale).round() / scale + 0.0
    }
}

impl FromIterator<f64> for DecimalSum {
    fn from_iter<I: IntoIterator<Item = f64>>(parts: I) -> Self {
        let mut sum = Self::default();
        parts.into_iter().for_each(|part| sum.add(part));
        sum
    }
}

/// Returns the decimal places of the shortest text of a number; one more than [`MOST_PLACES`] if it has more.
#[expect(clippy::float_cmp, reason = "a number with so many places is exactly the result of the division")]
fn decimal_places(number: f64) -> u8 {
    let has_places = |places: &u8| {
        let scaled = number * scale(*places);
        // A division rounds once, and so returns the number that the text means.
        scaled.abs() < LARGEST_SCALED && scaled.round() / scale(*places) == number
    };
    (0..=MOST_PLACES).find(has_places).unwrap_or(MOST_PLACES + 1)
}

fn scale(places: u8) -> f64 {
    10_f64.powi(places.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a sum as it is shown.
    fn sum(parts: &[f64]) -> String {
        parts.iter().copied().collect::<DecimalSum>().value().to_string()
    }

    #[test]
    fn a_sum_has_the_digits_of_its_parts() {
        assert_eq!(sum(&[0.1, 0.2]), "0.3");
        assert_eq!(sum(&[100.411, 100.411, 100.411]), "301.233");
        assert_eq!(sum(&[0.1; 10]), "1");
        assert_eq!(sum(&[-0.1, -0.2, 0.3]), "0");
        assert_eq!(sum(&[]), "0");
        let parts: Vec<f64> = (0..5_000_u32).map(|watts| f64::from(watts * 7) / 1000.0).collect();
        assert_eq!(sum(&parts), "87482.5");
    }

    #[test]
    fn parts_with_more_places_are_not_rounded() {
        assert_eq!(sum(&[10.0 / 3.0, 1.0]), (10.0_f64 / 3.0 + 1.0).to_string());
        assert_eq!(sum(&[1e300, 0.5]), 1e300.to_string());
        assert_eq!(sum(&[1e-9, 1e-9]), 2e-9.to_string());
    }

    #[test]
    fn places_are_those_of_the_shortest_text() {
        for (number, places) in [(0.0, 0), (12.0, 0), (301.233, 3), (-0.5, 1), (0.000_001, 6), (1e-7, 7)] {
            assert_eq!(decimal_places(number), places, "{number}");
        }
        for number in (0..200_000_u32).map(|watts| f64::from(watts) / 1000.0) {
            let text = number.to_string();
            let places = text.split_once('.').map_or(0, |(_, digits)| digits.len());
            assert_eq!(usize::from(decimal_places(number)), places, "{text}");
        }
    }
}
