//! The memory budget of this process for what clients make it hold: bodies that arrive, lists that
//! are read, answers that wait to be read (back-pressure, and a bulkhead per tenant).
//!
//! A client that asks for large answers and reads none of them makes the server hold their text. So
//! the text of an answer counts until it is written to its connection: `Bytes` that own their share
//! give it back when they are dropped. A vendor with its subscribers has an eighth of all, and one
//! subscriber a quarter of that. Beyond that, its next list waits for a few seconds and is refused
//! then, and beyond what is unread alone every request is refused. The check of each request is one
//! atomic load as long as all tenants together hold less than one may.

use crate::Problem;
use crate::limits::{Caps, Full, Shared, Tenant, refused};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All that may be held, in bytes.
const TOTAL_MAX: usize = 128 * 1024 * 1024;
/// The smallest text that is counted, in bytes: the system takes smaller ones at once.
pub(crate) const COUNTED_MIN: usize = 16 * 1024;
/// How long a request waits for its memory.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// When to try again, in seconds.
const RETRY_AFTER: u64 = 5;
/// The bytes that one permit stands for.
const UNIT: usize = 1024;

/// The budget; clones share it.
#[derive(Clone)]
pub(crate) struct MemoryBudget(Arc<Inner>);

struct Inner {
    all: Arc<Account>,
    of_tenants: Mutex<HashMap<Tenant, Arc<Account>>>,
}

/// The account of one tenant, or of all.
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
    permits: Vec<OwnedSemaphorePermit>,
    accounts: Vec<Arc<Account>>,
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
    pub(crate) fn check(&self, tenant: Tenant) -> Result<(), Problem> {
        let all = &self.0.all;
        if all.unread.load(Ordering::Relaxed) < Caps::shares_of(all.max).party {
            return Ok(());
        }
        self.refuse(tenant, Account::is_over).map_or(Ok(()), Err)
    }

    /// Waits for a share of a tenant, but not for ever.
    pub(crate) async fn soon(&self, tenant: Tenant, bytes: usize) -> Result<Reserved, Problem> {
        let reserved = tokio::time::timeout(WAIT_MAX, self.next(tenant, bytes)).await;
        reserved.unwrap_or_else(|_| {
            let lacks = |account: &Account| account.free.available_permits() < units(bytes.min(account.max)) as usize;
            Err(self.refuse(tenant, lacks).unwrap_or_else(|| too_much(Full::All)))
        })
    }

    /// As [`MemoryBudget::soon`], for as long as it takes. First that of the tenant, so that what
    /// waits there takes nothing from others.
    pub(crate) async fn next(&self, tenant: Tenant, bytes: usize) -> Result<Reserved, Problem> {
        let accounts = self.accounts(tenant);
        let units = units(bytes.min(accounts[0].max));
        let mut permits = Vec::with_capacity(accounts.len());
        for account in &accounts {
            let permit = Arc::clone(&account.free).acquire_many_owned(units).await;
            permits.push(permit.map_err(|closed| Problem::internal(closed.to_string()))?);
        }
        Ok(Reserved { permits, accounts })
    }

    /// Counts text that is there already, and cannot be refused any more.
    pub(crate) fn hold(&self, tenant: Tenant, text: Bytes) -> Bytes {
        let accounts = self.accounts(tenant);
        let permits = accounts.iter().map(|account| account.take(units(text.len()))).collect();
        Reserved { permits, accounts }.hold(text)
    }

    /// The refusal, if any account of a tenant is as `is_full` says.
    fn refuse(&self, tenant: Tenant, is_full: impl Fn(&Account) -> bool) -> Option<Problem> {
        let root = Tenant::alone(tenant.root);
        if is_full(&self.account(tenant)) {
            Some(too_much(Full::Party))
        } else if is_full(&self.account(root)) {
            Some(too_much(Full::Root))
        } else {
            is_full(&self.0.all).then(|| too_much(Full::All))
        }
    }

    /// From the party up.
    fn accounts(&self, tenant: Tenant) -> Vec<Arc<Account>> {
        let root = Tenant::alone(tenant.root);
        let party = (tenant != root).then(|| self.account(tenant));
        party.into_iter().chain([self.account(root), Arc::clone(&self.0.all)]).collect()
    }

    fn account(&self, tenant: Tenant) -> Arc<Account> {
        let mut of_tenants = self.0.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = of_tenants.get(&tenant) {
            return Arc::clone(account);
        }
        // Whoever holds or waits for something holds the account, too; the others are as new.
        of_tenants.retain(|_, account| Arc::strong_count(account) > 1);
        let max = Caps::shares_of(self.0.all.max).of_party(tenant);
        Arc::clone(of_tenants.entry(tenant).or_insert_with(|| Account::new(max)))
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

fn too_much(full: Full) -> Problem {
    refused(full, Shared::Memory, RETRY_AFTER)
}

#[cfg(test)]
mod tests;
