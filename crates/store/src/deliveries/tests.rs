//! Every statement of the bookkeeping is one of a few texts, and finds its rows by their keys.

use super::*;
use crate::query::heard;
use crate::reads::EventPlace;
use crate::sqlite::open_reader;
use crate::{Database, Options, ReadError, Store};
use orderpark_domain::{EndpointRef, Instant, ProductRef};
use rusqlite::params_from_iter;
use std::collections::BTreeSet;
use tokio::runtime::Builder;
use uuid::Uuid;

const TARGET: Target = Target::Supplier(ProductRef(7));

fn retry(seq: u64, state: RetryState) -> Retry {
    Retry { place: EventPlace { seq, number: 0 }, lane: "order".into(), attempts: 1, state }
}

fn attempt() -> Attempt {
    Attempt {
        id: Uuid::from_u128(1),
        event: None,
        webhook_id: "evt_1_0".into(),
        kind: "order.activated".into(),
        number: 1,
        at: Instant(5),
        took_us: 7,
        url: "https://h.test".into(),
        status: Some(200),
        failure: None,
        response: None,
        inside: Some(false),
    }
}

async fn every_write(store: &Store) -> Result<(), ReadError> {
    let node = Node([1; 16]);
    store.begin_target(TARGET, EventPlace::BEGINNING).await?;
    let claim = store.claim_targets(node, 10, 1000).await?.pop().expect("a target");
    store.renew_leases(node, 1000).await?;
    store.move_cursors(node, &[TARGET], EventPlace::after(3)).await?;
    for rows in 1..4 {
        let settlement = Settlement {
            done: (0..rows).map(|seq| EventPlace { seq, number: 0 }).collect(),
            retries: (1..=rows).map(|seq| retry(seq, RetryState::Exhausted(Instant(5)))).collect(),
            attempts: vec![attempt(); usize::try_from(rows).unwrap_or(1)],
            replayed: Some((1, EventPlace::after(1))),
            replay_done: rows == 3,
            ..Settlement::at(EventPlace::BEGINNING)
        };
        assert!(store.settle_deliveries(&claim.lease, settlement).await?, "it is settled");
    }
    store.log_attempt(TARGET, attempt()).await?;
    store.keep_newest_attempts(TARGET, 0, 10).await?;
    store.log_attempt(TARGET, attempt()).await?;
    store.forget_attempts(Instant(10), 10).await?;
    store.keep_newest_exhausted(TARGET, 0, 10).await?;
    store.repair_targets().await?;
    store.release_leases(node).await?;
    store.begin_target(Target::Publisher(Publisher::Nats), EventPlace::BEGINNING).await?;
    store.claim_publisher(Publisher::Nats, node, 1000).await?;
    let endpoint = Target::Endpoint(EndpointRef(9));
    for what in [
        ReplayAsk::One(EventPlace { seq: 1, number: 0 }),
        ReplayAsk::Exhausted,
        ReplayAsk::Range { after: EventPlace::BEGINNING, until: EventPlace::after(1) },
    ] {
        store.ask(endpoint, what).await?;
    }
    Ok(())
}

#[test]
fn statements_are_few_and_find_their_rows_by_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.db");
    let store = Store::open(&Database::Sqlite(path.clone()), Options::default()).expect("a new database");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    heard::take();
    runtime.block_on(every_write(&store)).expect("every write");
    let heard = heard::take();
    let connection = open_reader(&path).expect("a connection");
    let mut plans = BTreeSet::new();
    for query in heard {
        let sql = format!("explain query plan {}", query.sql());
        let mut statement = connection.prepare(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let steps = statement.query_map(params_from_iter(query.values()), |row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.and_then(Iterator::collect).expect("a plan");
        plans.insert(format!("{}\n-- {}", query.sql(), steps.join("\n-- ")));
    }
    let plans: Vec<String> = plans.into_iter().collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("bookkeeping", plans.join("\n\n"));
    });
}
