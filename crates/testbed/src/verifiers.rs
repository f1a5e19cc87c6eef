//! What integrators verify webhooks with.

use std::path::PathBuf;

/// Where `scripts/webhook-verifiers` has installed the packages: `python`, an environment, and `node`, a folder with modules.
#[allow(clippy::disallowed_methods, reason = "./test says in the environment where they are")]
pub fn verifiers() -> PathBuf {
    let given = std::env::var("ORDERPARK_TEST_VERIFIERS");
    given.map(PathBuf::from).expect("no verifiers: run ./test, or first: eval \"$(scripts/webhook-verifiers)\"")
}
