use super::{KeyError, Signer};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use orderpark_domain::{Grant, Instant, PartyKind, PartyRef, Token, UserRef};
use orderpark_store::SystemChance;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn open(folder: Option<&Path>) -> Result<Signer, KeyError> {
    Signer::open(folder, &SystemChance::default())
}

fn token() -> Token {
    Token {
        user: UserRef(7),
        hash: [0; 32],
        jti: "5e1b2f4e-2f0a-4a0e-8a53-0f3f8d4fd3c1".into(),
        client_id: "default/jane@acme.example".into(),
        grants: vec![
            Grant { kind: PartyKind::Subscriber, party: PartyRef(983) },
            Grant { kind: PartyKind::Vendor, party: PartyRef(12) },
        ],
        issued_at: Instant(1_795_000_000_999_999),
        expires_at: Some(Instant(1_795_000_000_999_999).plus_seconds(60)),
    }
}

fn public_key(signer: &Signer) -> DecodingKey {
    let key = signer.key().unwrap();
    let public = aws_lc_rs::signature::KeyPair::public_key(&*key);
    DecodingKey::from_rsa_raw_components(
        public.modulus().big_endian_without_leading_zero(),
        public.exponent().big_endian_without_leading_zero(),
    )
}

fn claims(signer: &Signer, text: &str) -> serde_json::Value {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    decode(text, &public_key(signer), &validation).unwrap().claims
}

#[test]
fn a_token_is_a_jwt_that_others_can_check_and_decode() {
    let signer = open(None).unwrap();
    let text = signer.sign(&token()).unwrap();
    assert_eq!(decode_header(&text).unwrap().alg, Algorithm::RS256);
    let expected = serde_json::json!({
        "scope": ["SUBSCRIBER:983", "VENDOR:12"],
        "exp": 1_795_000_060,
        "jti": "5e1b2f4e-2f0a-4a0e-8a53-0f3f8d4fd3c1",
        "client_id": "default/jane@acme.example",
        "iat": 1_795_000_000,
    });
    assert_eq!(claims(&signer, &text), expected);
}

#[test]
fn the_claims_stand_in_a_fixed_order() {
    let signer = open(None).unwrap();
    let claims = claims(&signer, &signer.sign(&token()).unwrap());
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["scope", "exp", "jti", "client_id", "iat"]);
}

#[test]
fn a_token_without_end_has_an_exp_all_the_same() {
    let signer = open(None).unwrap();
    let text = signer.sign(&Token { expires_at: None, ..token() }).unwrap();
    assert_eq!(claims(&signer, &text)["exp"], 1_795_000_000_i64 + 2_147_483_647);
}

#[test]
fn signing_the_same_claims_again_gives_the_same_token() {
    let signer = open(None).unwrap();
    assert_eq!(signer.sign(&token()).unwrap(), signer.sign(&token()).unwrap());
    assert_ne!(signer.sign(&token()).unwrap(), signer.sign(&Token { jti: "2".into(), ..token() }).unwrap());
}

#[test]
fn the_key_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let before = open(Some(folder.path())).unwrap().sign(&token()).unwrap();
    let after = open(Some(folder.path())).unwrap().sign(&token()).unwrap();
    assert_eq!(before, after);
}

#[test]
fn key_files_are_0600_and_leave_nothing_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    open(Some(folder.path())).unwrap().sign(&token()).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["secret.key", "signing.key"]);
    assert_eq!(fs::metadata(folder.path().join("secret.key")).unwrap().len(), 32);
}

#[test]
fn the_signing_key_is_encrypted_at_rest_with_a_key_id() {
    let folder = tempfile::tempdir().unwrap();
    let signer = open(Some(folder.path())).unwrap();
    signer.sign(&token()).unwrap();
    let text = fs::read_to_string(folder.path().join("signing.key")).unwrap();
    let sealed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sealed["keyId"].as_str().unwrap().len(), 24);

    fs::write(folder.path().join("secret.key"), [0; 32]).unwrap();
    assert!(matches!(open(Some(folder.path())), Err(KeyError::OtherKey(_))));
}

#[test]
fn a_damaged_key_file_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    open(Some(folder.path())).unwrap().sign(&token()).unwrap();
    let path = folder.path().join("signing.key");
    let mut sealed: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    sealed["nonce"] = "AAAAAAAAAAAAAAAA".into();
    fs::write(&path, sealed.to_string()).unwrap();
    assert!(matches!(open(Some(folder.path())), Err(KeyError::Damaged(_))));
    fs::write(&path, "").unwrap();
    assert!(matches!(open(Some(folder.path())), Err(KeyError::Damaged(_))));
    fs::write(folder.path().join("secret.key"), "short").unwrap();
    assert!(matches!(open(Some(folder.path())), Err(KeyError::Length(_))));
}

#[test]
fn nodes_that_begin_at_once_in_one_folder_come_to_the_same_keys() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let fingerprints: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let nodes = [(); 4].map(|()| scope.spawn(|| open(Some(folder.path())).unwrap().fingerprint().unwrap()));
            nodes.map(|node| node.join().unwrap()).to_vec()
        });
        let kept = open(Some(folder.path())).unwrap().fingerprint().unwrap();
        assert_eq!(fingerprints, [kept; 4]);
    }
}

/// Both files have to be copied: one that is left behind is told.
#[test]
fn a_fingerprint_stands_for_both_files() {
    let (mine, copied, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fingerprint = open(Some(mine.path())).unwrap().fingerprint().unwrap();
    for name in ["secret.key", "signing.key"] {
        fs::copy(mine.path().join(name), copied.path().join(name)).unwrap();
    }
    assert_eq!(open(Some(copied.path())).unwrap().fingerprint().unwrap(), fingerprint);
    assert_ne!(open(Some(other.path())).unwrap().fingerprint().unwrap(), fingerprint);

    fs::remove_file(copied.path().join("signing.key")).unwrap();
    assert_ne!(open(Some(copied.path())).unwrap().fingerprint().unwrap(), fingerprint, "another signing key");
}

#[test]
fn a_node_with_keys_of_its_own_is_told_what_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    let signer = open(Some(folder.path())).unwrap();
    signer.accept(true).unwrap();
    let said = signer.accept(false).unwrap_err().to_string();
    for word in ["secret.key", "signing.key", "copy", folder.path().to_str().unwrap()] {
        assert!(said.contains(word), "{said}");
    }
}
