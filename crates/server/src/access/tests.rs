use super::bearer;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn the_bearer_scheme_in_any_case() {
    for value in ["Bearer abc", "bearer abc", "BEARER  abc "] {
        assert_eq!(bearer(&headers(&[value])), Some("abc"), "{value}");
    }
}

#[test]
fn anything_else_is_no_bearer_token() {
    let wrong: [&[&str]; 6] = [&[], &["abc"], &["Bearer"], &["Bearer "], &["Basic abc"], &["Bearer abc", "Bearer abc"]];
    for values in wrong {
        assert_eq!(bearer(&headers(values)), None, "{values:?}");
    }
}
