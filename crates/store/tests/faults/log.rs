//! What clients remember: which keys they have sent, and which order each of them was told.

use crate::ground::{OPERATOR, Shop, Sql, block_on, intent};
use futures_util::future::join_all;
use orderpark_domain::{Intent, OrderRef, Outcome, RequestKey};
use orderpark_store::verify::verify;
use orderpark_store::{CommitError, Committed, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The clients' own log.
#[derive(Default)]
pub struct Log {
    keys: AtomicU64,
    told: Mutex<BTreeMap<u64, OrderRef>>,
}

impl Log {
    /// Keys that nobody has sent yet.
    pub fn new_keys(&self, count: u64) -> Vec<u64> {
        let first = self.keys.fetch_add(count, Ordering::SeqCst);
        (first..first + count).collect()
    }

    /// The same keys make the same intents.
    pub fn intents(keys: &[u64], shop: Shop) -> Vec<Intent> {
        keys.iter().map(|key| Log::intent(*key, shop)).collect()
    }

    pub fn intent(number: u64, shop: Shop) -> Intent {
        let mut key = [0xC1; 16];
        key[..8].copy_from_slice(&number.to_be_bytes());
        let request = RequestKey { client: OPERATOR, key, fingerprint: key };
        Intent { request: Some(request), ..intent(shop.place()) }
    }

    /// Writes down what a client was told; whoever was told an order before is told the same.
    pub fn write_down(&self, key: u64, committed: &Committed) {
        let Outcome::Order(order) = &committed.outcome else { panic!("not an order: {committed:?}") };
        let before = self.told.lock().unwrap().insert(key, order.order);
        assert!(before.is_none_or(|before| before == order.order), "key {key} is two orders");
    }

    /// Writes down the successes; answers the keys of the others, with their errors.
    pub fn read(&self, keys: &[u64], answers: Vec<Result<Committed, CommitError>>) -> Vec<(u64, CommitError)> {
        assert_eq!(keys.len(), answers.len());
        let answers = keys.iter().zip(answers);
        answers
            .filter_map(|(key, answer)| answer.map(|it| self.write_down(*key, &it)).err().map(|e| (*key, e)))
            .collect()
    }

    /// One client: sends a new key again and again until it is answered.
    pub fn wish(&self, store: &Store, shop: Shop) {
        let key = self.new_keys(1)[0];
        let began = Instant::now();
        loop {
            match store.commit_blocking(Log::intent(key, shop)) {
                Ok(committed) => return self.write_down(key, &committed),
                Err(CommitError::Unavailable(_) | CommitError::OutcomeUnknown(_)) => {}
                Err(error) => panic!("{error}"),
            }
            assert!(began.elapsed() < Duration::from_secs(30), "key {key} is never answered");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn answered(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// Every order that was told is there, nothing else is, and each key still says the same.
    pub fn judge(&self, url: &str, store: &Store, shop: Shop) {
        let told = self.told.lock().unwrap().clone();
        let keys: Vec<u64> = (0..self.keys.load(Ordering::SeqCst)).collect();
        assert!(told.keys().eq(&keys), "every key was answered in the end");
        assert_eq!(told.values().collect::<BTreeSet<_>>().len(), told.len(), "each key is an order of its own");
        for keys in keys.chunks(500) {
            let again = Log::intents(keys, shop).into_iter().map(|intent| store.commit(intent));
            for (key, again) in keys.iter().zip(block_on(join_all(again))) {
                let again = again.unwrap();
                assert!(again.replayed, "key {key} was lost");
                self.write_down(*key, &again);
            }
        }
        assert_eq!(Sql::open(url).number("select count(*) from orders"), i64::try_from(told.len()).unwrap());
        let report = verify(&url.parse().unwrap(), &mut |_| {}).unwrap();
        assert_eq!(report.violations, Vec::<String>::new());
    }
}
