use super::{Unproved, bearer};
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
        assert_eq!(bearer(&headers(&[value])), Ok("abc"), "{value}");
    }
}

#[test]
fn anything_else_is_no_bearer_token() {
    let wrong: [(&[&str], Unproved); 7] = [
        (&[], Unproved::Nothing),
        (&["ops_secret"], Unproved::Malformed),
        (&["ops_secret more"], Unproved::Malformed),
        (&["Bearer"], Unproved::Malformed),
        (&["Bearer "], Unproved::Malformed),
        (&["Basic abc"], Unproved::Scheme("basic".to_owned())),
        (&["Bearer abc", "Bearer abc"], Unproved::Several),
    ];
    for (values, why) in wrong {
        assert_eq!(bearer(&headers(values)), Err(why), "{values:?}");
    }
}
