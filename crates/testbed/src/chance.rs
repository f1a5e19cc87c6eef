//! Numbers by chance that a seed repeats (splitmix64).

use std::sync::atomic::{AtomicU64, Ordering};

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A sequence that follows from its seed; also what a store draws from.
#[derive(Debug)]
pub struct Chance(AtomicU64);

impl Chance {
    /// Always the same sequence.
    pub fn new(seed: u64) -> Chance {
        Chance(AtomicU64::new(seed))
    }

    /// Begins with `ORDERPARK_SEED` if that is set, else with `seed`; says which, so that a failure can be repeated.
    #[allow(clippy::disallowed_methods, reason = "whoever repeats a failure gives the seed in the environment")]
    #[allow(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
    pub fn seeded(seed: u64) -> Chance {
        let given = std::env::var("ORDERPARK_SEED").ok();
        let seed = given.map_or(seed, |text| text.parse().expect("ORDERPARK_SEED is a number"));
        println!("ORDERPARK_SEED={seed}");
        Chance::new(seed)
    }

    /// A sequence of its own, for one of several threads.
    #[must_use]
    pub fn part(&self) -> Chance {
        Chance::new(self.number())
    }

    /// The next number.
    pub fn number(&self) -> u64 {
        let mut mixed = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// An index of something with this length.
    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("an index fits")
    }

    /// Yes, in so many of a hundred cases.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'t, T>(&self, from: &'t [T]) -> &'t T {
        &from[self.index(from.len())]
    }

    /// In another order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

impl Clone for Chance {
    fn clone(&self) -> Chance {
        Chance::new(self.0.load(Ordering::SeqCst))
    }
}

impl orderpark_store::Chance for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&Chance::number(self).to_le_bytes()[..chunk.len()]);
        }
    }
}
