//! How queries are read.

use super::*;

#[test]
fn parameters_are_decoded_once() {
    let query = Query::parse("a=%2541&b=x+y&c&d=%C3%A9&&e=1=2").expect("a query");
    let read = |name| query.get(name);
    assert_eq!(read("a"), Some("%41"));
    assert_eq!((read("b"), read("c"), read("d"), read("e")), (Some("x y"), Some(""), Some("é"), Some("1=2")));
    assert_eq!(read("f"), None);
}

#[test]
fn what_is_ambiguous_is_refused() {
    for text in ["a=1&a=1", "a=1&%61=2", "a=%00", "a=%C0%AF", "a=%zz", "a=%4", "a=%", "%ED%A0%80=1"] {
        assert!(Query::parse(text).is_err(), "{text}");
    }
}

#[test]
fn there_is_a_largest_number() {
    let text = |count: usize| (0..count).map(|n| format!("a{n}=")).collect::<Vec<_>>().join("&");
    assert!(Query::parse(&text(100)).is_ok());
    assert!(Query::parse(&text(101)).is_err());
}

#[test]
fn what_is_too_long_names_nothing() {
    let long =
        |length: usize| Query::parse(&format!("a={}", "x".repeat(length))).expect("a query").name("a").ok().flatten();
    assert_eq!(long(300), Some("x".repeat(300)));
    assert_eq!(long(301), Some(String::new()));
    assert!(matches!(Query::default().name("a"), Ok(None)));
}

#[test]
fn a_name_that_cannot_exist_is_refused_and_a_plus_explained() {
    let name = |query| Query::parse(query).expect("a query").name("email");
    assert!(matches!(name("email=a%2Bb@c.example").as_ref().map(Option::as_deref), Ok(Some("a+b@c.example"))));
    for (query, told) in [("email=a+b@c.example", "%2B"), ("email=a%E2%80%8Bb@c.example", "U+200B")] {
        let problem = name(query).expect_err(query);
        assert!(problem.message().contains(told), "{}", problem.message());
    }
}

#[test]
fn flags_are_true_or_false() {
    let query = Query::parse("a=true&b=false&c=1&d=").expect("a query");
    assert!(matches!((query.flag("a"), query.flag("b"), query.flag("e")), (Ok(Some(true)), Ok(Some(false)), Ok(None))));
    assert!(query.flag("c").is_err() && query.flag("d").is_err());
}

#[test]
fn the_next_page_keeps_the_filters() {
    let query = Query::parse("limit=2&offerId=a%2Fb+c&after=x").expect("a query");
    let next = Query::parse(&query.with("after", "y")).expect("a query");
    assert_eq!((next.get("limit"), next.get("offerId"), next.get("after")), (Some("2"), Some("a/b c"), Some("y")));
}
