//! Numbers that depend only on what they are for.
//!
//! There is no generator with a state: each number is a hash of the seed, the thing it concerns and its
//! purpose. One more station changes nothing for the others, and no order of calls matters.

/// What a number decides; part of its key.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Gap = 1,
    Stay,
    Authorisation,
    Finishing,
    EnergyNeed,
    CarCurrent,
    CableCurrent,
    CarPhases,
    Voltage,
    MeterNoise,
    SampleInterval,
    Standby,
    Register,
    BuildingLoad,
    Fault,
}

/// The numbers that belong to one thing.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    key: u64,
}

impl Numbers {
    pub(crate) fn of(seed: u64, thing: u64, part: u64, turn: u64) -> Self {
        let key = [thing, part, turn].into_iter().fold(mix(seed), |key, next| mix(key ^ mix(next)));
        Self { key }
    }

    /// The numbers of one phase in one slot of time.
    pub(crate) fn at(self, slot: u64, phase: usize) -> Self {
        let phase = u64::try_from(phase).unwrap_or(0);
        Self { key: mix(self.key ^ mix(slot.wrapping_mul(4).wrapping_add(phase))) }
    }

    /// A number below `bound`, each as likely as the other.
    pub(crate) fn below(self, purpose: Purpose, bound: u64) -> u64 {
        let number = mix(self.key ^ mix(purpose as u64));
        // The upper half of the product; always below the bound.
        u64::try_from((u128::from(number) * u128::from(bound)) >> 64).unwrap_or(0)
    }

    /// One entry of a table that is not empty, each as likely as the other.
    pub(crate) fn choose<T: Copy>(self, purpose: Purpose, table: &[T]) -> T {
        let length = u64::try_from(table.len()).unwrap_or(u64::MAX);
        table[usize::try_from(self.below(purpose, length)).unwrap_or(0)]
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn mix(input: u64) -> u64 {
    let mut word = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_number_and_another_purpose_another() {
        let numbers = Numbers::of(42, 7, 1, 3);
        let again = Numbers::of(42, 7, 1, 3);
        assert_eq!(numbers.below(Purpose::Gap, 1 << 40), again.below(Purpose::Gap, 1 << 40));
        assert_ne!(numbers.below(Purpose::Gap, 1 << 40), numbers.below(Purpose::Stay, 1 << 40));
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_of_it() {
        let mut seen = [false; 10];
        for turn in 0..1000 {
            let number = Numbers::of(1, 2, 3, turn).below(Purpose::Gap, 10);
            seen[usize::try_from(number).unwrap()] = true;
        }
        assert_eq!(seen, [true; 10]);
    }
}
