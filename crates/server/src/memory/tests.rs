//! How much may be held, by whom, and what is given back.

use super::*;
use crate::problem::Reason;
use futures_util::FutureExt as _;
use orderpark_domain::PartyRef;

const MIB: usize = 1024 * 1024;
const ONE: Tenant = Tenant { root: PartyRef(1), party: PartyRef(1) };

fn vendor(party: u64) -> Tenant {
    Tenant::alone(PartyRef(party))
}

fn free(budget: &MemoryBudget, tenant: Tenant) -> Vec<usize> {
    budget.accounts(tenant).iter().map(|account| account.free.available_permits() * UNIT).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tenant_has_an_eighth_and_what_is_read_is_given_back() {
    let budget = MemoryBudget::of(16 * MIB);
    let reserved = budget.soon(ONE, MIB).await.expect("a share");
    let text = reserved.hold(Bytes::from(vec![b' '; MIB / 2]));
    assert_eq!(free(&budget, ONE), [MIB * 3 / 2, MIB * 31 / 2], "what is not needed is given back at once");
    let rest = budget.soon(ONE, MIB * 3 / 2).await.expect("the rest of the share");
    let began = tokio::time::Instant::now();
    let refused = budget.soon(ONE, MIB).await.err().expect("no more");
    assert_eq!((refused.reason(), began.elapsed()), (Reason::TooManyRequests, WAIT_MAX));
    assert!(budget.soon(vendor(2), MIB).now_or_never().is_some(), "another tenant does not wait");
    let part = text.slice(..10);
    drop((text, rest));
    assert_eq!(free(&budget, ONE)[0], MIB * 3 / 2, "a part of the text keeps it");
    drop(part);
    assert_eq!(free(&budget, ONE), [2 * MIB, 16 * MIB]);
    assert!(budget.0.of_tenants.lock().unwrap().len() <= 2, "nothing is remembered of who holds nothing");
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_refused_everything_and_nobody_else() {
    let budget = MemoryBudget::of(8 * MIB);
    // These answers cannot be refused any more, as those to changes.
    let unread: Vec<Bytes> = (0..4).map(|_| budget.hold(ONE, Bytes::from(vec![b' '; MIB / 2]))).collect();
    assert_eq!(budget.check(ONE).err().map(|problem| problem.reason()), Some(Reason::TooManyRequests));
    assert!(budget.check(vendor(2)).is_ok());
    let others: Vec<Bytes> = (3..10).map(|n| budget.hold(vendor(n), Bytes::from(vec![b' '; MIB]))).collect();
    assert_eq!(budget.check(vendor(2)).err().map(|problem| problem.reason()), Some(Reason::Overloaded));
    assert_eq!(budget.soon(vendor(2), MIB).await.err().map(|problem| problem.reason()), Some(Reason::Overloaded));
    drop((unread, others));
    assert!(budget.check(ONE).is_ok() && budget.check(vendor(2)).is_ok());
    assert_eq!(free(&budget, ONE), [MIB, 8 * MIB]);
}

#[tokio::test]
async fn what_is_larger_than_a_share_takes_all_of_it() {
    let budget = MemoryBudget::of(8 * MIB);
    let reserved = budget.soon(ONE, 100 * MIB).await.expect("the whole share");
    assert_eq!(free(&budget, ONE), [0, 7 * MIB]);
    drop(reserved);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_has_a_quarter_of_its_vendors_share() {
    let budget = MemoryBudget::of(32 * MIB);
    let subscriber = |party| Tenant { root: PartyRef(1), party: PartyRef(party) };
    let held = budget.soon(subscriber(11), MIB).await.expect("its quarter");
    assert_eq!(free(&budget, subscriber(11)), [0, 3 * MIB, 31 * MIB]);
    let message = async |tenant| budget.soon(tenant, MIB).await.err().map(|problem| problem.message().to_owned());
    assert!(message(subscriber(11)).await.expect("refused").starts_with("your party has"));
    let others = [12, 13, 14].map(|party| budget.hold(subscriber(party), Bytes::from(vec![b' '; MIB])));
    assert!(message(subscriber(15)).await.expect("refused").starts_with("your vendor and its subscribers"));
    drop((held, others));
    assert!(message(subscriber(15)).await.is_none());
}
