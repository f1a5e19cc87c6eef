//! How queries are read.

use super::*;

const fn plain(name: &'static str) -> Parameter {
    Parameter { name, counts: Counts::No }
}

static KNOWN: [Parameter; 8] = [
    plain("a"),
    plain("b"),
    plain("c"),
    plain("d"),
    plain("e"),
    plain("limit"),
    Parameter { name: "offerId", counts: Counts::Value },
    Parameter { name: "force", counts: Counts::Flag },
];

fn parse(text: &str) -> Result<Query, Problem> {
    Query::parse(text, Parameters::new("DELETE", "/things/{ref}", &KNOWN), false)
}

#[test]
fn parameters_are_decoded_once() {
    let query = parse("a=%2541&b=x+y&c&d=%C3%A9&&e=1=2").expect("a query");
    let read = |name| query.get(name);
    assert_eq!(read("a"), Some("%41"));
    assert_eq!((read("b"), read("c"), read("d"), read("e")), (Some("x y"), Some(""), Some("é"), Some("1=2")));
    assert_eq!(read("limit"), None);
}

#[test]
fn what_is_ambiguous_is_refused() {
    for text in ["a=1&a=1", "a=1&%61=2", "a=%00", "a=%C0%AF", "a=%zz", "a=%4", "a=%", "%ED%A0%80=1"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn there_is_a_largest_number() {
    let reason = |count: usize| {
        parse(&(0..count).map(|n| format!("x{n}=")).collect::<Vec<_>>().join("&")).expect_err("unknown ones").reason()
    };
    assert_eq!((reason(100), reason(101)), (Reason::UnknownParameter, Reason::InvalidRequest));
}

#[test]
fn parameters_that_the_operation_does_not_have_are_refused_with_the_nearest_name() {
    let message = |text: &str| parse(text).expect_err("an unknown one").message().to_owned();
    let has = "DELETE /things/{ref} has: a, b, c, d, e, limit, offerId, force, dryRun";
    assert_eq!(message("dryrun=true"), format!("unknown parameter 'dryrun' (did you mean 'dryRun'?); {has}"));
    assert_eq!(message("x%27%E2%80%AE=1"), format!("unknown parameter 'x\\'\\u202e'; {has}"));
    for (sent, meant) in [("DryRun", "dryRun"), ("dry_run", "dryRun"), ("limti", "limit"), ("offer-ID", "offerId")] {
        assert!(message(&format!("a=1&{sent}=")).contains(&format!("'{sent}' (did you mean '{meant}'?)")));
    }
    assert!(!message("q=1").contains("did you mean"));
    let read = Parameters::new("GET", "/things", &KNOWN);
    assert!(Query::parse("x=1", read, false).is_err());
    let query = Query::parse("x=1&limit=2", read, true).expect("it is ignored");
    assert_eq!(query.with("limit", "3"), "limit=3");
    assert!(Query::parse("x=1", Parameters::new("PUT", "/things", &KNOWN), true).is_err(), "a write ignores nothing");
}

#[test]
fn a_fingerprint_holds_what_counts_as_it_is_meant() {
    let counts = |text, as_sent| format!("{:?}", parse(text).expect("a query").fingerprinted(as_sent));
    assert_eq!(counts("offerId=x&a=1&force=TRUE&dryRun=true", false), r#"[("force", "true"), ("offerId", "x")]"#);
    assert_eq!(counts("force=False", false), "[]");
    assert_eq!(counts("force=False", true), r#"[("force", "False")]"#);
}

#[test]
fn what_is_too_long_names_nothing() {
    let long = |length: usize| parse(&format!("a={}", "x".repeat(length))).expect("a query").name("a").ok().flatten();
    assert_eq!(long(300), Some("x".repeat(300)));
    assert_eq!(long(301), Some(String::new()));
    assert!(matches!(parse("").expect("a query").name("a"), Ok(None)));
}

#[test]
fn a_name_that_cannot_exist_is_refused_and_a_plus_explained() {
    let name = |query| parse(query).expect("a query").name("a");
    assert!(matches!(name("a=a%2Bb@c.example").as_ref().map(Option::as_deref), Ok(Some("a+b@c.example"))));
    for (query, told) in [("a=a+b@c.example", "%2B"), ("a=a%E2%80%8Bb@c.example", "U+200B")] {
        let problem = name(query).expect_err(query);
        assert!(problem.message().contains(told), "{}", problem.message());
    }
}

#[test]
fn flags_are_true_or_false() {
    let query = parse("a=TRUE&b=False&c=1&d=").expect("a query");
    assert!(matches!((query.flag("a"), query.flag("b"), query.flag("e")), (Ok(Some(true)), Ok(Some(false)), Ok(None))));
    let message = |name| query.flag(name).expect_err("no flag").message().to_owned();
    assert_eq!(message("c"), "c is '1', but must be true or false");
    assert_eq!(message("d"), "d is '', but must be true or false");
}

#[test]
fn the_next_page_keeps_the_filters() {
    let query = parse("limit=2&offerId=a%2Fb+c&a=x").expect("a query");
    let next = parse(&query.with("a", "y")).expect("a query");
    assert_eq!((next.get("limit"), next.get("offerId"), next.get("a")), (Some("2"), Some("a/b c"), Some("y")));
}
