use super::Asked;
use crate::problem::Reason;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

async fn read(query: &str, content_type: Option<&'static str>, form: &str) -> Result<Asked, Reason> {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    let asked = Asked::in_query_or_form(Some(query), &headers, Body::from(form.to_owned()), false).await;
    asked.map_err(|problem| problem.reason())
}

#[tokio::test]
async fn names_and_values_are_decoded() {
    let asked = read("a=b%2Fc", None, "d=e+f&g=%C3%A4").await.unwrap();
    assert_eq!(asked.query("a"), Some("b/c"));
    assert_eq!(asked.form("d"), Some("e f"));
    assert_eq!(asked.form("g"), Some("ä"));
    assert_eq!(asked.form("a"), None);
    assert_eq!(asked.anywhere("a").unwrap(), Some("b/c"));
}

#[tokio::test]
async fn duplicate_form_parameters_are_refused_everywhere() {
    assert_eq!(read("", None, "a=1&a=1").await.err(), Some(Reason::InvalidRequest));
    assert_eq!(read("a=1&a=2", None, "").await.err(), Some(Reason::InvalidRequest));
    assert_eq!(read("", None, "a=1&%61=1").await.err(), Some(Reason::InvalidRequest));
    assert!(read("a=1", None, "a=1").await.unwrap().anywhere("a").is_err());
}

#[tokio::test]
async fn a_body_has_to_be_a_form() {
    for form in ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"] {
        assert!(read("", Some(form), "a=1").await.is_ok(), "{form}");
    }
    assert_eq!(read("", Some("application/json"), "{}").await.err(), Some(Reason::UnsupportedMediaType));
    assert!(read("", Some("application/json"), "").await.is_ok(), "no body has no type");
    assert_eq!(read("", None, &"a".repeat(8 * 1024 + 1)).await.err(), Some(Reason::BodyTooLarge));
}
