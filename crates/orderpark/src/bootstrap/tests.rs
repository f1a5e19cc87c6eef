//! Nodes that are started on an empty database at once.

use super::*;
use orderpark_domain::User;
use orderpark_store::{Database, Options, SystemChance};
use tempfile::TempDir;

const MINE: &str = "the secret of the node that is first, long enough";
const YOURS: &str = "the secret of the node that is second, long enough";

fn empty() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::Sqlite(folder.path().join("orderpark.db"));
    let store = Store::open(&database, Options::default()).expect("a store");
    (folder, store)
}

fn named(operator_id: &str) -> Settings {
    Settings { operator_id: operator_id.to_owned(), ..Settings::default() }
}

fn given(login: &str, secret: &str) -> Given {
    let client = ClientId { profile: "default".to_owned(), login: login.to_owned() };
    Given { client, secret: secret.to_owned() }
}

async fn user(store: &Store, login: &str) -> Option<User> {
    store.get_user_by_login(&Scope::system("a test"), login).await.expect("a read")
}

/// The second one has looked before the first one was done.
#[tokio::test]
async fn who_comes_second_goes_on_with_the_operator_of_the_first() {
    let (_folder, store) = empty();
    let chance = SystemChance::default();
    let (mut first, mut second, mut third) = (named("northern"), named("southern"), named("eastern"));
    make(&store, &mut first, Some(given("mine", MINE)), &chance).await.expect("an operator");
    make(&store, &mut second, Some(given("yours", YOURS)), &chance).await.expect("the operator of the first");
    make(&store, &mut third, None, &chance).await.expect("the operator of the first");
    for settings in [&first, &second, &third] {
        assert_eq!(settings.operator_id, "northern");
    }
    let mine = user(&store, "mine").await.expect("the client of the first");
    assert!(secret::is_secret_of(MINE, Some(&mine)) && !secret::is_secret_of(YOURS, Some(&mine)));
    assert_eq!(user(&store, "yours").await, None);
    assert_eq!(user(&store, FIRST_LOGIN).await, None);
}

#[tokio::test]
async fn of_two_that_begin_at_once_both_go_on() {
    let (_folder, store) = empty();
    let chance = SystemChance::default();
    let (mut first, mut second) = (named("northern"), named("southern"));
    let (one, other) = tokio::join!(
        operator(&store, &mut first, Some(given("mine", MINE)), &chance),
        operator(&store, &mut second, Some(given("yours", YOURS)), &chance),
    );
    one.expect("a start");
    other.expect("a start");
    assert_eq!(first.operator_id, second.operator_id);
    let clients = [user(&store, "mine").await, user(&store, "yours").await];
    assert_eq!(clients.iter().flatten().count(), 1, "{clients:?}");
}

/// Any other refusal is still one.
#[tokio::test]
async fn a_store_that_takes_nothing_makes_no_operator() {
    let (_folder, store) = empty();
    store.close().await;
    let made = operator(&store, &mut named("northern"), Some(given("mine", MINE)), &SystemChance::default()).await;
    assert!(made.expect_err("no operator").to_string().contains("could not be made"));
}

/// Makes or finds the operator, and shows its secret again, as a start does.
async fn start(store: &Store, given: Option<Given>) {
    let (mut settings, chance) = (named("northern"), SystemChance::default());
    if operator(store, &mut settings, given, &chance).await.expect("a start") {
        show_again(store, &settings, &chance).await.expect("a start");
    }
}

/// As long as no token was issued, and only for the client that the program names itself.
#[tokio::test]
async fn a_secret_that_nobody_has_used_is_made_again() {
    let (_folder, store) = empty();
    for secrets in [1, 2, 2] {
        start(&store, None).await;
        assert_eq!(user(&store, FIRST_LOGIN).await.expect("the client").secrets.len(), secrets);
    }
    let before = user(&store, FIRST_LOGIN).await;
    start(&store, Some(given("mine", MINE))).await;
    assert_eq!(user(&store, FIRST_LOGIN).await, before, "who names a client is shown none");

    let (_folder, store) = empty();
    start(&store, Some(given("mine", MINE))).await;
    start(&store, None).await;
    assert_eq!(user(&store, "mine").await.expect("the client").secrets.len(), 1, "a secret that was given is known");
}
