use super::Credentials;
use crate::dx::admin::asked::Asked;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

async fn read(query: &str, form: &str, authorization: &[String]) -> Result<Option<(String, String)>, ()> {
    let mut headers = HeaderMap::new();
    for value in authorization {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    let asked = Asked::in_query_or_form(Some(query), &HeaderMap::new(), Body::from(form.to_owned())).await.unwrap();
    let read = Credentials::read(&asked, &headers).map_err(|_| ())?;
    Ok(read.map(|credentials| (credentials.client_id, credentials.client_secret)))
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
    assert_eq!(read("", form, &[]).await, Ok(Some(right())));
    assert_eq!(
        read("", form, &["Bearer old-token".to_owned()]).await,
        Ok(Some(right())),
        "an old token does not count"
    );
}

#[tokio::test]
async fn by_http_basic_encoded_or_not() {
    for text in ["default/a+b@acme.example:ops_s", "default%2Fa%2Bb%40acme.example:ops_s"] {
        assert_eq!(read("", "", &basic(text)).await, Ok(Some(right())), "{text}");
    }
    let same = "client_id=default%2Fa%2Bb%40acme.example";
    assert_eq!(read("", same, &basic("default/a+b@acme.example:ops_s")).await, Ok(Some(right())));
}

#[tokio::test]
async fn none_is_told_from_two() {
    assert_eq!(read("", "client_id=a", &[]).await, Ok(None));
    assert_eq!(read("", "client_secret=a", &[]).await, Ok(None));
    assert_eq!(read("", "client_id=a&client_secret=b", &basic("a:b")).await, Err(()));
    assert_eq!(read("", "client_id=other", &basic("a:b")).await, Err(()));
    assert_eq!(read("", "", &[basic("a:b"), basic("a:b")].concat()).await, Err(()));
}

#[tokio::test]
async fn a_secret_in_the_address_is_refused_even_if_it_is_right() {
    assert_eq!(read("client_secret=b", "client_id=a", &[]).await, Err(()));
    assert_eq!(read("client_secret=b", "client_id=a&client_secret=b", &[]).await, Err(()));
}

#[tokio::test]
async fn broken_http_basic_is_refused() {
    for value in ["Basic !!!", "Basic YQ==", "basic /w=="] {
        assert_eq!(read("", "", &[value.to_owned()]).await, Err(()), "{value}");
    }
}
