use super::*;

fn read(text: &str) -> Result<Address, String> {
    text.parse()
}

#[test]
fn an_address_is_shown_without_its_password() {
    let address = read("postgres://park:s3cret@db.example:6432,[::1]/orders?schema=park").unwrap();
    assert_eq!(address.to_string(), "postgres://park@db.example:6432,[::1]:5432/orders?schema=park");
    assert!(!format!("{address:?}").contains("s3cret"));
    let given = read("postgres://park@db/orders").unwrap().with_password("s3cret");
    assert!(!format!("{given} {given:?}").contains("s3cret"));
}

#[test]
fn what_may_be_the_rest_of_a_password_is_never_shown() {
    for text in [
        "postgres://park:hun@ter2@db/orders",
        "postgres://park@db/orders?password=hun&ter2=x",
        "postgres://park:hun/ter2@db/orders",
        "postgres://park:hun#ter2@db/orders",
        "postgres://park:hun?ter2@db/orders",
    ] {
        let refused = read(text).map_or_else(|refused| refused, |address| format!("{address} {address:?}"));
        assert!(!refused.contains("ter2"), "{text}: {refused}");
    }
}

#[test]
fn only_other_machines_are_spoken_to_in_secret_if_nothing_is_said() {
    for (text, secret) in [
        ("postgres://park@localhost/orders", false),
        ("postgres://park@127.0.0.1/orders", false),
        ("postgres://park@%2Frun%2Fpostgresql/orders", false),
        ("postgres://park@db.example/orders", true),
        ("postgres://park@db.example/orders?sslmode=disable", false),
        ("postgres://park@localhost/orders?sslmode=require", true),
    ] {
        assert_eq!(read(text).unwrap().needs_tls(), secret, "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for text in [
        "mysql://park@db/orders",
        "postgres://db/orders",
        "postgres://park@db",
        "postgres://park@db/orders?sslmode=prefer",
        "postgres://park@db/orders?target_session_attrs=any",
        "postgres://park@db/orders?schema=Park",
        "postgres://park@db/orders?schema=a,b",
        "postgres://park@db/orders?application_name=x",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
