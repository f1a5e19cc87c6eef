//! Bulkheads for questions to suppliers: of a supplier's places each buyer has a share, and of all
//! places each supplier.

use super::{FairLimiter, Full, Permit};
use orderpark_domain::{PartyRef, Tenant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// Questions that may be on their way at once.
const ALL_MAX: usize = 512;
/// Questions to one supplier among them: one that does not answer delays nobody else.
const OF_SUPPLIER_MAX: usize = 64;

/// The places of questions.
pub(crate) struct Questions {
    all: FairLimiter,
    of_suppliers: Mutex<HashMap<PartyRef, Arc<FairLimiter>>>,
}

/// A place of one question.
#[derive(Debug)]
pub(crate) struct Question {
    _of_supplier: (Permit, Arc<FairLimiter>),
    _of_all: Permit,
}

impl Questions {
    pub(super) fn new() -> Questions {
        Questions { all: FairLimiter::new(ALL_MAX), of_suppliers: Mutex::default() }
    }

    /// Waits for a place until then. [`Full::Party`] and [`Full::Root`]: the buyer has too many
    /// questions to this supplier itself.
    pub(crate) async fn ask(&self, supplier: PartyRef, buyer: Tenant, until: Instant) -> Result<Question, Full> {
        let patience = || until.saturating_duration_since(Instant::now());
        let of_supplier = self.of_supplier(supplier);
        let permit = of_supplier.acquire(buyer, 1, patience()).await?;
        let of_all = self.all.acquire(Tenant::alone(supplier), 1, patience()).await.map_err(|_| Full::All)?;
        Ok(Question { _of_supplier: (permit, of_supplier), _of_all: of_all })
    }

    fn of_supplier(&self, supplier: PartyRef) -> Arc<FairLimiter> {
        let mut of_suppliers = self.of_suppliers.lock().unwrap_or_else(PoisonError::into_inner);
        // Each one that has or waits for a place holds its limiter too; the others are as new.
        of_suppliers.retain(|_, limiter| Arc::strong_count(limiter) > 1);
        let new = || Arc::new(FairLimiter::new(OF_SUPPLIER_MAX));
        Arc::clone(of_suppliers.entry(supplier).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A buyer that takes all it can leaves other buyers their places, and one supplier leaves
    /// others theirs.
    #[tokio::test(start_paused = true)]
    async fn a_buyer_does_not_take_a_supplier_nor_a_supplier_all_places() {
        let questions = Questions::new();
        let (one, other) = (Tenant::new(PartyRef(11), Some(PartyRef(1))), Tenant::new(PartyRef(22), Some(PartyRef(2))));
        let soon = || Instant::now() + Duration::from_millis(1);
        let mut held = Vec::new();
        let full = loop {
            match questions.ask(PartyRef(3), one, soon()).await {
                Ok(question) => held.push(question),
                Err(full) => break full,
            }
        };
        assert_eq!((held.len(), full), (OF_SUPPLIER_MAX / 2, Full::Party));
        assert!(questions.ask(PartyRef(3), other, soon()).await.is_ok(), "another buyer asks the same supplier");
        assert!(questions.ask(PartyRef(4), one, soon()).await.is_ok(), "the same buyer asks another supplier");
        drop(held);
        questions.of_supplier(PartyRef(5));
        assert_eq!(questions.of_suppliers.lock().unwrap().len(), 1, "nothing is remembered of who has no place");
    }
}
