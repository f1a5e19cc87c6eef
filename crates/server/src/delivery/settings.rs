//! What can be set of deliveries.

/// The settings of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySettings {
    /// How long a lease is given for, in milliseconds. Longer than an attempt may take, or nothing is ever sent.
    pub lease_ms: u64,
    /// How often leases are renewed, in milliseconds, and the cursors of idle targets moved.
    pub renew_every_ms: u64,
    /// How often targets are looked for that no node has, in milliseconds.
    pub claim_every_ms: u64,
    /// How old what is known of an endpoint or a product may be when a request is made, in milliseconds.
    pub fresh_ms: u64,
    /// How long outcomes wait for others to be written together, in milliseconds.
    pub settle_every_ms: u64,
    /// How long a worker waits at most before it looks at the time again, in milliseconds.
    pub look_every_ms: u64,
    /// Requests of this node that may be under way at once; to targets of one owner an eighth of them.
    pub places: usize,
    /// Requests to targets that only fail, beside those; to those of one owner an eighth of them.
    pub failing_places: usize,
    /// How long a stop waits for requests that are under way, in milliseconds.
    pub stop_max_ms: u64,
    /// For how many days attempts are kept.
    pub attempts_days: u32,
    /// How many attempts of a target are kept, the newest ones.
    pub attempts_of_target: u32,
    /// How many attempts are removed at once.
    pub tidy_piece: u32,
    /// How long the tidying pauses after each piece, in milliseconds.
    pub tidy_pause_ms: u64,
}

impl Default for DeliverySettings {
    fn default() -> DeliverySettings {
        DeliverySettings {
            lease_ms: 30_000,
            renew_every_ms: 5_000,
            claim_every_ms: 1_000,
            fresh_ms: 500,
            settle_every_ms: 250,
            look_every_ms: 30_000,
            places: 512,
            failing_places: 64,
            stop_max_ms: 10_000,
            attempts_days: 30,
            attempts_of_target: 10_000,
            tidy_piece: 1_000,
            tidy_pause_ms: 100,
        }
    }
}
