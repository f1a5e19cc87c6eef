use super::{SealError, Sealer};
use crate::access::Signer;
use orderpark_domain::{Instant, SealedSecret};
use orderpark_store::SystemChance;
use std::collections::HashSet;
use std::path::Path;

fn sealer(folder: Option<&Path>) -> Sealer {
    Sealer::of(&Signer::open(folder, &SystemChance::default()).expect("a signer"))
}

#[test]
fn webhook_secrets_are_sealed_with_a_key_id_and_open_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let sealed = sealer(Some(folder.path())).seal(b"a secret of thirty-two bytes....").expect("sealed");
    let (key_id, rest) = sealed.split_once('.').expect("a key id");
    assert_eq!(key_id.len(), 24, "{sealed}");
    assert!(!rest.contains("secret"), "{sealed}");
    let opened = sealer(Some(folder.path())).open(&sealed).expect("opened by another node with the same key");
    assert_eq!(*opened, b"a secret of thirty-two bytes....");
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let one = sealer(None);
    let seen: HashSet<String> = (0..100).map(|_| one.seal(b"the same").expect("sealed")).collect();
    assert_eq!(seen.len(), 100);
}

#[test]
fn a_secret_of_another_master_key_is_told_from_a_damaged_one() {
    let (one, other) = (sealer(None), sealer(None));
    let sealed = one.seal(b"secret").expect("sealed");
    assert_eq!(other.open(&sealed).unwrap_err(), SealError::OtherKey);
    for position in sealed.find('.').expect("a dot") + 1..sealed.len() {
        let mut damaged = sealed.clone().into_bytes();
        damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).expect("ASCII");
        assert_eq!(one.open(&damaged).unwrap_err(), SealError::Damaged, "{damaged}");
    }
    let key_id = sealed.split('.').next().expect("a key id");
    for wrong in ["", "no dot", &format!("{key_id}."), &format!("{key_id}.AAAA"), &format!("{key_id}.%")] {
        assert_eq!(one.open(wrong).unwrap_err(), SealError::Damaged);
    }
}

#[test]
fn a_rotation_replaces_a_secret_of_a_lost_key_at_once() {
    let (lost, now) = (sealer(None), sealer(None));
    let secret =
        |sealer: &Sealer| SealedSecret { sealed: sealer.seal(b"secret").expect("sealed"), made_at: Instant(0) };
    let opened = |secrets: &[SealedSecret]| now.open_live(secrets, Instant(1)).map(|secrets| secrets.len());
    assert_eq!(opened(&[secret(&lost)]), Err(SealError::OtherKey));
    assert_eq!(opened(&[secret(&now), secret(&lost)]), Ok(1));
    assert_eq!(opened(&[secret(&now), secret(&now)]), Ok(2));
}

/// A row of the journal must not be a way to have the signing key opened, nor the other way round.
#[test]
fn what_was_sealed_for_another_purpose_is_no_webhook_secret() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let signer = Signer::open(None, &SystemChance::default()).expect("a signer");
    let foreign = signer.master().seal(b"another purpose", b"secret").expect("sealed");
    let bytes = [foreign.nonce.as_slice(), &foreign.ciphertext].concat();
    let text = format!("{}.{}", signer.master().id(), STANDARD.encode(bytes));
    assert_eq!(Sealer::of(&signer).open(&text).unwrap_err(), SealError::Damaged);
}
