//! Choices by chance that a seed repeats (splitmix64). What the machine makes of them it does not repeat.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A sequence that follows from its seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins with a seed.
    pub fn seeded(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A sequence of its own, for one of several writers.
    pub fn part(&mut self) -> Chance {
        Chance(self.number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// A place in a list of so many.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

/// A number that no other run has: from the seed of a hash map, the one chance that needs nobody else.
pub fn fresh() -> u64 {
    RandomState::new().build_hasher().finish()
}
