//! Preconditions.

use super::*;
use http::HeaderValue;

fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn if_match_names_revisions() {
    let read = |values: &[&'static str]| if_match(&headers(&IF_MATCH, values)).expect("tags");
    assert_eq!(read(&[]), IfMatch::Anything);
    assert_eq!(read(&["*"]), IfMatch::Anything);
    assert_eq!(read(&["\"3\""]), IfMatch::Revisions(vec![3]));
    assert_eq!(read(&["\"3-100-40\", \"4\"", "\"5\""]), IfMatch::Revisions(vec![3, 4, 5]));
    assert_eq!(read(&["W/\"3\"", "W/\"4-x\" ,\t\"a,b\""]), IfMatch::Revisions(vec![3, 4]));
    assert_eq!(read(&["\"03\"", "\"-3\"", "\"4294967296\"", "\"t03\""]), IfMatch::Revisions(vec![]));
    assert_eq!(read(&["\"\"", "\"x\"", "\"+3\""]), IfMatch::Revisions(vec![]));
}

#[test]
fn what_is_no_tag_is_refused_with_what_was_sent() {
    for value in ["xyz", "1", "", "\"1", "\"1\" \"2\"", "\"1\",", "w/\"1\"", "*, \"1\""] {
        let problem = if_match(&headers(&IF_MATCH, &["\"1\"", value])).expect_err(value);
        assert_eq!(problem.reason(), Reason::InvalidRequest);
        assert!(problem.message().contains(&shown::quoted(value)), "{}", problem.message());
    }
}

#[test]
fn if_none_match_compares_weakly() {
    let known = |value: &'static str| is_known(&headers(&IF_NONE_MATCH, &[value]), "\"3\"");
    assert!(known("\"3\"") && known("W/\"3\"") && known("\"1\", \"3\"") && known("*"));
    assert!(!known("\"4\"") && !known("3"));
}
