//! The memory budget of this process for what clients make it hold: bodies that arrive, lists that are read, answers that
//! wait to be read (back-pressure, and a bulkhead per tenant).
//!
//! Who asks for large answers and reads none of them holds their text. So the text of an answer counts until it is
//! written to its connection: `Bytes` that own their share give it back when they are dropped. A tenant has an eighth of
//! all. Beyond that, its next list waits for a few seconds and is refused then, and beyond what is unread alone every
//! request is refused. The check of each request is one atomic load as long as all tenants together hold less than one may.

use crate::Problem;
use crate::problem::Reason;
use bytes::Bytes;
use orderpark_domain::PartyRef;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All that may be held, in bytes.
const TOTAL_MAX: usize = 128 * 1024 * 1024;
/// The part of a tenant.
const TENANT_PART: usize = 8;
/// What is smaller is not counted, in bytes: the system takes it from us at once.
pub(crate) const COUNTED_MIN: usize = 16 * 1024;
/// How long a request waits for its memory.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// When to try again, in seconds.
const RETRY_AFTER: u64 = 5;
/// What one permit stands for, in bytes.
const UNIT: usize = 1024;

/// The budget; clones share it.
#[derive(Clone)]
pub(crate) struct MemoryBudget(Arc<Inner>);

struct Inner {
    all: Arc<Account>,
    of_tenants: Mutex<HashMap<PartyRef, Arc<Account>>>,
}

/// What is held for one tenant, or for all.
struct Account {
    max: usize,
    free: Arc<Semaphore>,
    /// Text of answers that is not written yet, in bytes.
    unread: AtomicUsize,
}

/// Marks a response whose text is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted;

/// A share of the budget; given back when it is dropped.
pub(crate) struct Reserved {
    permits: [OwnedSemaphorePermit; 2],
    accounts: [Arc<Account>; 2],
}

/// Text that waits to be written, counted as long as it lives.
struct Unread {
    text: Bytes,
    reserved: Reserved,
}

impl Account {
    fn new(max: usize) -> Arc<Account> {
        Arc::new(Account { max, free: Arc::new(Semaphore::new(max / UNIT)), unread: AtomicUsize::new(0) })
    }

    fn is_over(&self) -> bool {
        self.unread.load(Ordering::Relaxed) >= self.max
    }

    /// So many units, or as many as there are.
    fn take(&self, units: u32) -> OwnedSemaphorePermit {
        let free = |max| u32::try_from(self.free.available_permits()).unwrap_or(u32::MAX).min(max);
        let mut wanted = units;
        loop {
            wanted = free(wanted);
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_many_owned(wanted) {
                return permit;
            }
        }
    }
}

impl MemoryBudget {
    pub(crate) fn new() -> MemoryBudget {
        MemoryBudget::of(TOTAL_MAX)
    }

    fn of(max: usize) -> MemoryBudget {
        MemoryBudget(Arc::new(Inner { all: Account::new(max), of_tenants: Mutex::default() }))
    }

    /// Refuses a request of a tenant that reads nothing of what it was answered.
    pub(crate) fn check(&self, tenant: PartyRef) -> Result<(), Problem> {
        let all = &self.0.all;
        if all.unread.load(Ordering::Relaxed) < all.max / TENANT_PART {
            return Ok(());
        }
        if self.account(tenant).is_over() {
            return Err(tenant_is_over());
        }
        if all.is_over() { Err(all_is_over()) } else { Ok(()) }
    }

    /// Waits for a share of a tenant, but not for ever.
    pub(crate) async fn soon(&self, tenant: PartyRef, bytes: usize) -> Result<Reserved, Problem> {
        let reserved = tokio::time::timeout(WAIT_MAX, self.next(tenant, bytes)).await;
        reserved.unwrap_or_else(|_| {
            let is_tenants = self.account(tenant).free.available_permits() < bytes / UNIT;
            Err(if is_tenants { tenant_is_over() } else { all_is_over() })
        })
    }

    /// As [`MemoryBudget::soon`], for as long as it takes. First that of the tenant, so that what waits there takes
    /// nothing from others.
    pub(crate) async fn next(&self, tenant: PartyRef, bytes: usize) -> Result<Reserved, Problem> {
        let accounts = self.accounts(tenant);
        let units = units(bytes.min(accounts[0].max));
        let acquire = |account: &Account| Arc::clone(&account.free).acquire_many_owned(units);
        let permits = [acquire(&accounts[0]).await, acquire(&accounts[1]).await];
        let [Ok(of_tenant), Ok(of_all)] = permits else { return Err(Problem::internal("the memory budget is closed")) };
        Ok(Reserved { permits: [of_tenant, of_all], accounts })
    }

    /// Counts text that is there already, and cannot be refused any more.
    pub(crate) fn hold(&self, tenant: PartyRef, text: Bytes) -> Bytes {
        let accounts = self.accounts(tenant);
        let permits = accounts.each_ref().map(|account| account.take(units(text.len())));
        Reserved { permits, accounts }.hold(text)
    }

    fn accounts(&self, tenant: PartyRef) -> [Arc<Account>; 2] {
        [self.account(tenant), Arc::clone(&self.0.all)]
    }

    fn account(&self, tenant: PartyRef) -> Arc<Account> {
        let mut of_tenants = self.0.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = of_tenants.get(&tenant) {
            return Arc::clone(account);
        }
        // Whoever holds or waits for something holds the account, too; the others are as new.
        of_tenants.retain(|_, account| Arc::strong_count(account) > 1);
        Arc::clone(of_tenants.entry(tenant).or_insert_with(|| Account::new(self.0.all.max / TENANT_PART)))
    }
}

impl Reserved {
    /// Keeps what this text needs, for as long as the text lives.
    pub(crate) fn hold(mut self, text: Bytes) -> Bytes {
        self.shrink(text.len());
        for account in &self.accounts {
            account.unread.fetch_add(text.len(), Ordering::Relaxed);
        }
        Bytes::from_owner(Unread { text, reserved: self })
    }

    /// Gives back what is more than this.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        for permit in &mut self.permits {
            drop(permit.split(permit.num_permits().saturating_sub(units(bytes) as usize)));
        }
    }
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        for account in &self.reserved.accounts {
            account.unread.fetch_sub(self.text.len(), Ordering::Relaxed);
        }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

fn tenant_is_over() -> Problem {
    let message = "the answers that this party has asked for and not read, and what it sends, take all the memory that one \
                   party may have; read them or close their connections, and try again after Retry-After seconds";
    Problem::new(Reason::TooManyRequests, message).retry_after(RETRY_AFTER)
}

fn all_is_over() -> Problem {
    Problem::new(Reason::Overloaded, "too many answers wait to be read").retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests;
