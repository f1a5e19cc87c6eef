//! Preconditions.

use super::*;
use http::HeaderValue;

fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn if_match_names_revisions() {
    let read = |values: &[&'static str]| if_match(&headers(&IF_MATCH, values));
    assert_eq!(read(&[]), IfMatch::Anything);
    assert_eq!(read(&["*"]), IfMatch::Anything);
    assert_eq!(read(&["\"3\""]), IfMatch::Revisions(vec![3]));
    assert_eq!(read(&["\"3-100-40\", \"4\"", "\"5\""]), IfMatch::Revisions(vec![3, 4, 5]));
    assert_eq!(read(&["W/\"3\""]), IfMatch::Revisions(vec![]));
    assert_eq!(read(&["\"03\"", "\"-3\"", "\"4294967296\"", "\"t03\""]), IfMatch::Revisions(vec![]));
    assert_eq!(read(&["3", "\"\"", "\"x\"", "\"+3\""]), IfMatch::Revisions(vec![]));
}

#[test]
fn if_none_match_compares_weakly() {
    let known = |value: &'static str| is_known(&headers(&IF_NONE_MATCH, &[value]), "\"3\"");
    assert!(known("\"3\"") && known("W/\"3\"") && known("\"1\", \"3\"") && known("*"));
    assert!(!known("\"4\"") && !known("3"));
}
