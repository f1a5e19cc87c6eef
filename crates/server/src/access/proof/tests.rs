use super::ClientId;
use crate::Settings;

fn parse(text: &str) -> (String, String) {
    let client = ClientId::parse(text, &Settings::default());
    (client.profile, client.login)
}

fn parts(profile: &str, login: &str) -> (String, String) {
    (profile.to_owned(), login.to_owned())
}

#[test]
fn a_client_id_is_a_profile_and_a_login() {
    assert_eq!(parse("other/jane@acme.example"), parts("other", "jane@acme.example"));
    assert_eq!(parse("other/jane/doe"), parts("other", "jane/doe"));
}

#[test]
fn without_a_slash_the_default_profile_is_meant() {
    assert_eq!(parse("jane@acme.example"), parts("default", "jane@acme.example"));
    assert_eq!(parse(""), parts("default", ""));
}

#[test]
fn a_slash_that_was_encoded_twice_is_a_slash() {
    assert_eq!(parse("other%2Fjane@acme.example"), parts("other", "jane@acme.example"));
    assert_eq!(parse("other%2fjane@acme.example"), parts("other", "jane@acme.example"));
    assert_eq!(parse("other/jane%2Fdoe"), parts("other", "jane%2Fdoe"));
}
