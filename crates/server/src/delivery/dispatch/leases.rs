//! Which targets this node has.

use super::{Dispatch, Slot, Work};
use crate::delivery::post::Post;
use orderpark_domain::{PartyKind, Scope};
use orderpark_store::deliveries::{Claim, Lease, Target};
use orderpark_store::{EventPlace, ReadError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many targets are claimed at once.
const CLAIM_MAX: u32 = 256;
/// How many entries behind its end the feed is read for all targets together when the node starts.
const BACKLOG_MAX: u64 = 20_000;

impl Dispatch {
    /// A lease is never so short that no attempt would end within it.
    fn lease_ms(&self) -> u64 {
        let app = &self.ground.app;
        let attempt_ms = u64::try_from(app.outside.attempt_max().as_millis()).unwrap_or(u64::MAX / 4);
        app.settings.deliveries.lease_ms.max(2 * attempt_ms)
    }

    pub(super) async fn claim(&mut self) -> Result<(), ReadError> {
        loop {
            let asked_at = Instant::now();
            let lease_ms = self.lease_ms();
            let claims = self.ground.app.store.claim_targets(self.ground.node, CLAIM_MAX, lease_ms).await?;
            let is_last = claims.len() < CLAIM_MAX as usize;
            self.adopt(&claims, asked_at + Duration::from_millis(lease_ms)).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Keeps the leases, notices those that are lost, and moves the cursors of what is idle.
    pub(super) async fn renew(&mut self) -> Result<(), ReadError> {
        if !self.has_held {
            return Ok(());
        }
        self.move_cursors().await?;
        let asked_at = Instant::now();
        let lease_ms = self.lease_ms();
        let claims = self.ground.app.store.renew_leases(self.ground.node, lease_ms).await?;
        let deadline = asked_at + Duration::from_millis(lease_ms);
        let kept: BTreeMap<Target, Claim> = claims.iter().map(|claim| (claim.lease.target, *claim)).collect();
        let is_kept =
            |target: &Target, slot: &Slot| kept.get(target).is_some_and(|claim| claim.lease.epoch == slot.post.epoch());
        let lost = self.slots.iter().filter(|(target, slot)| !is_kept(target, slot));
        let lost: Vec<Target> = lost.map(|(target, _)| *target).collect();
        for target in lost {
            self.lose(target);
        }
        let mut unknown = Vec::new();
        for (target, claim) in kept {
            let Some(slot) = self.slots.get_mut(&target) else {
                unknown.push(claim);
                continue;
            };
            slot.post.renewed(deadline);
            if slot.asked != claim.asked {
                slot.asked = claim.asked;
                self.look_anew(target);
            }
        }
        self.adopt(&unknown, deadline).await
    }

    pub(super) async fn move_cursors(&self) -> Result<(), ReadError> {
        if !self.has_begun {
            return Ok(());
        }
        let end = self.ground.ring.end();
        let idle = self.slots.iter().filter(|(_, slot)| slot.work == Work::Idle && slot.post.is_past_all(slot.read));
        let idle: Vec<Target> = idle.map(|(target, _)| *target).collect();
        self.ground.app.store.move_cursors(self.ground.node, &idle, end).await
    }

    /// Takes over targets whose leases we were given until the deadline.
    async fn adopt(&mut self, claims: &[Claim], deadline: Instant) -> Result<(), ReadError> {
        self.has_held |= !claims.is_empty();
        if let Some(first) = claims.iter().map(|claim| claim.cursor).min().filter(|_| !self.has_begun) {
            let end = self.ground.app.store.events_end().await?.place;
            let earliest = EventPlace::after(end.seq.saturating_sub(BACKLOG_MAX));
            self.ground.ring.reset(first.max(earliest).min(end));
            (self.has_begun, self.is_behind) = (true, true);
        }
        for claim in claims {
            let Lease { target, epoch, .. } = claim.lease;
            if let Some(slot) = self.slots.get(&target).filter(|slot| slot.post.epoch() + 1 == epoch) {
                slot.post.retaken(epoch, deadline);
                continue;
            }
            self.lose(target);
            if self.enlist(target).await? {
                let post = Arc::new(Post::new(self.ground.ring.end(), epoch, deadline));
                let (read, failing_since, asked) = (claim.cursor, claim.failing_since, claim.asked);
                self.ground.app.outages.adopt(target, failing_since, self.ground.app.now());
                (self.has_begun, self.is_behind) = (true, true);
                self.slots.insert(target, Slot { post, work: Work::Idle, read, failing_since, asked });
                self.start(target);
            }
        }
        Ok(())
    }

    /// Remembers what concerns a target; false: there is no such target any more.
    async fn enlist(&mut self, target: Target) -> Result<bool, ReadError> {
        let Target::Endpoint(endpoint) = target else { return Ok(matches!(target, Target::Supplier(_))) };
        let scope = Scope::system("who is concerned by events is known before they come");
        let Some(endpoint) = self.ground.app.store.get_endpoint(&scope, endpoint).await? else { return Ok(false) };
        if endpoint.owner.kind == PartyKind::Operator {
            self.of_operator.insert(target);
        } else {
            self.by_party.entry(endpoint.owner.party).or_default().insert(target);
        }
        Ok(true)
    }

    /// The target is not ours any more.
    pub(super) fn lose(&mut self, target: Target) {
        let Some(slot) = self.slots.remove(&target) else { return };
        slot.post.lose();
        self.of_operator.remove(&target);
        self.by_party.retain(|_, targets| {
            targets.remove(&target);
            !targets.is_empty()
        });
        // Without targets nothing is read; it begins again with the next one.
        self.has_begun &= !self.slots.is_empty();
    }

    /// The journal has lost its end, and the ledger with it: what was known of either is worth nothing.
    pub(super) async fn begin_anew(&mut self) {
        tracing::error!("the last entries of the journal are gone; deliveries start again from what is left");
        for target in self.slots.keys().copied().collect::<Vec<_>>() {
            self.lose(target);
        }
        self.has_begun = false;
        let released = self.ground.app.store.release_leases(self.ground.node).await;
        self.note("leases could not be given back", released.err());
        self.next.claim = Instant::now();
    }
}
