use super::{NOBODY, SECRET_MIN, hash_secret, is_secret_of, new_secret};
use orderpark_domain::{PartyRef, SecretHash, User, UserRef};
use orderpark_store::{Chance, SystemChance};

struct Counting;

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (at, byte) in (0..).zip(bytes) {
            *byte = at;
        }
    }
}

fn client(secrets: Vec<SecretHash>) -> User {
    User {
        user: UserRef(7),
        party: PartyRef(6),
        login: "jane@acme.example".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: Vec::new(),
        secrets,
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    }
}

#[test]
fn a_secret_is_a_prefix_and_256_bits_of_chance() {
    let (text, hash) = new_secret(&Counting);
    assert_eq!(text, "ops_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    assert_eq!(hash, hash_secret(&text));
    assert!(text.len() >= SECRET_MIN);
}

#[test]
fn two_secrets_are_never_the_same() {
    let chance = SystemChance::default();
    assert_ne!(new_secret(&chance), new_secret(&chance));
}

#[test]
fn two_live_secrets_per_client_are_both_right() {
    let client = client(vec![hash_secret("new"), hash_secret("old")]);
    assert!(is_secret_of("new", Some(&client)));
    assert!(is_secret_of("old", Some(&client)));
    assert!(!is_secret_of("older", Some(&client)));
    assert!(!is_secret_of("", Some(&client)));
}

#[test]
fn an_unknown_client_has_no_right_secret() {
    assert!(!is_secret_of("new", None));
    assert!(!is_secret_of("", None));
    assert!(!is_secret_of("new", Some(&client(Vec::new()))));
}

#[test]
fn the_dummy_is_nobodys_digest() {
    assert_ne!(hash_secret("").0, NOBODY);
}
