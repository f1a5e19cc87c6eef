use super::Credentials;
use crate::dx::admin::asked::Asked;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

async fn read(query: &str, form: &str, authorization: &[String]) -> Result<(String, String), String> {
    read_as(false, query, form, authorization).await
}

async fn read_as(lenient: bool, query: &str, form: &str, authorization: &[String]) -> Result<(String, String), String> {
    let mut headers = HeaderMap::new();
    for value in authorization {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    let (no_headers, form) = (HeaderMap::new(), Body::from(form.to_owned()));
    let asked = Asked::in_query_or_form(Some(query), &no_headers, form, lenient).await.unwrap();
    let read = Credentials::read(&asked, &headers, lenient).map_err(|problem| problem.message().to_owned())?;
    Ok((read.client_id, read.client_secret))
}

fn basic(text: &str) -> Vec<String> {
    vec![format!("Basic {}", STANDARD.encode(text))]
}

fn right() -> (String, String) {
    ("default/a+b@acme.example".to_owned(), "ops_s".to_owned())
}

#[tokio::test]
async fn in_the_form() {
    let form = "client_id=default%2Fa%2Bb%40acme.example&client_secret=ops_s";
    assert_eq!(read("", form, &[]).await, Ok(right()));
    assert_eq!(read("", form, &["Bearer old-token".to_owned()]).await, Ok(right()), "an old token does not count");
}

#[tokio::test]
async fn by_http_basic_encoded_or_not() {
    for text in ["default/a+b@acme.example:ops_s", "default%2Fa%2Bb%40acme.example:ops_s"] {
        assert_eq!(read("", "", &basic(text)).await, Ok(right()), "{text}");
    }
    let same = "client_id=default%2Fa%2Bb%40acme.example";
    assert_eq!(read("", same, &basic("default/a+b@acme.example:ops_s")).await, Ok(right()));
}

#[tokio::test]
async fn none_is_told_from_two() {
    let told = async |query, form, header: &[String]| read(query, form, header).await.expect_err(form);
    assert!(told("", "client_id=a", &[]).await.starts_with("client_secret is missing"));
    assert!(told("", "client_secret=a&client_id=", &[]).await.starts_with("client_id is missing"));
    assert!(told("", "", &[]).await.starts_with("client_id and client_secret are missing"));
    assert!(told("", "client_id=a&client_secret=b", &basic("a:b")).await.contains("both"));
    assert!(told("", "client_id=other", &basic("a:b")).await.contains("client_id"));
    assert!(told("", "", &[basic("a:b"), basic("a:b")].concat()).await.contains("more than once"));
}

#[tokio::test]
async fn a_secret_in_the_address_is_refused_even_if_it_is_right() {
    for form in ["client_id=a", "client_id=a&client_secret=b"] {
        assert!(read("client_secret=b", form, &[]).await.is_err_and(|told| told.contains("form")), "{form}");
    }
    assert!(read("client_id=a", "client_secret=b", &[]).await.is_err_and(|told| told.contains("client_id")));
}

#[tokio::test]
async fn a_setting_lets_credentials_in_from_the_address() {
    let both = Ok(("a".to_owned(), "b".to_owned()));
    assert_eq!(read_as(true, "client_id=a&client_secret=b", "", &[]).await, both);
    assert_eq!(read_as(true, "client_id=a", "client_secret=b", &[]).await, both);
    assert!(read_as(true, "client_secret=b", "client_id=a&client_secret=b", &[]).await.is_err(), "twice");
}

#[tokio::test]
async fn broken_http_basic_is_refused() {
    for value in ["Basic !!!", "Basic YQ==", "basic /w=="] {
        assert!(read("", "", &[value.to_owned()]).await.is_err(), "{value}");
    }
}
