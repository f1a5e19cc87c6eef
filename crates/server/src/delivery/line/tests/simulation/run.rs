//! What came of a run.

/// What was done in a run, to see that it was worth running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub steps: usize,
    pub sent: usize,
    pub taken_again: usize,
    pub failed: usize,
    pub crashes: usize,
    pub cuts: usize,
    pub late: usize,
    pub lost_leases: usize,
    pub exhausted: usize,
    pub given_up: usize,
    pub replays: usize,
    /// Everything, in short.
    pub trace: u64,
}

impl Run {
    pub(super) fn add(&mut self, other: &Run) {
        self.steps += other.steps;
        self.sent += other.sent;
        self.taken_again += other.taken_again;
        self.failed += other.failed;
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.late += other.late;
        self.lost_leases += other.lost_leases;
        self.exhausted += other.exhausted;
        self.given_up += other.given_up;
        self.replays += other.replays;
    }

    /// Whether everything that can be done was.
    pub(super) fn is_rich(&self) -> bool {
        let all = [self.sent, self.taken_again, self.failed, self.crashes, self.cuts, self.late, self.lost_leases];
        all.into_iter().chain([self.exhausted, self.given_up, self.replays]).all(|many| many > 0)
    }
}
