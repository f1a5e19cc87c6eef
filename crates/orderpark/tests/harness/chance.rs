//! Numbers by chance that a seed repeats (splitmix64).

/// A sequence that follows from its seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins with `ORDERPARK_SEED` if that is set, else with `seed`; says which, so that a failure can be repeated.
    #[allow(clippy::disallowed_methods, reason = "whoever repeats a failure gives the seed in the environment")]
    pub fn seeded(seed: u64) -> Chance {
        let given = std::env::var("ORDERPARK_SEED").ok().map(|text| text.parse().expect("a number"));
        let seed = given.unwrap_or(seed);
        println!("ORDERPARK_SEED={seed}");
        Chance(seed)
    }

    /// A sequence of its own, for one of several threads.
    pub fn part(&mut self) -> Chance {
        Chance(self.number())
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() % bound as u64).expect("it is below a usize")
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
