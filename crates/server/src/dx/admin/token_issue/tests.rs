use super::{check_grant_type, renew, validity};
use crate::Settings;
use crate::access::Validity;
use crate::dx::admin::asked::Asked;
use axum::body::Body;
use http::HeaderMap;

async fn asked(query: &str, form: &str) -> Asked {
    Asked::in_query_or_form(Some(query), &HeaderMap::new(), Body::from(form.to_owned()), false).await.unwrap()
}

#[tokio::test]
async fn only_client_credentials_are_granted_and_only_in_the_form() {
    let told = async |query, form| check_grant_type(&asked(query, form).await, false);
    let told = async |query, form| told(query, form).await.expect_err(form).message().to_owned();
    assert!(check_grant_type(&asked("", "grant_type=client_credentials").await, false).is_ok());
    assert!(told("", "grant_type=password").await.contains("'password'"));
    assert!(told("grant_type=client_credentials", "").await.contains("address"));
    assert!(check_grant_type(&asked("grant_type=client_credentials", "").await, true).is_ok(), "a setting");
}

#[tokio::test]
async fn the_validity_period_stands_in_the_query_or_in_the_form() {
    let settings = Settings::default();
    assert_eq!(validity(&asked("", "").await, &settings).unwrap(), Validity::hours(7 * 24));
    assert_eq!(validity(&asked("validityPeriod=2hours", "").await, &settings).unwrap(), Validity::hours(2));
    assert_eq!(validity(&asked("", "validityPeriod=infinite").await, &settings).unwrap(), Validity::Infinite);
    assert!(validity(&asked("validityPeriod=2hours", "validityPeriod=2hours").await, &settings).is_err());
    assert!(validity(&asked("validityPeriod=", "").await, &settings).is_err());
    assert!(validity(&asked("validityPeriod=2weeks", "").await, &settings).is_err());
}

#[tokio::test]
async fn a_setting_caps_the_validity_period() {
    let settings = Settings { token_validity_max_s: Some(3600), ..Settings::default() };
    for query in ["", "validityPeriod=infinite", "validityPeriod=1days", "validityPeriod=1hours"] {
        assert_eq!(validity(&asked(query, "").await, &settings).unwrap(), Validity::hours(1), "{query}");
    }
    assert_eq!(validity(&asked("validityPeriod=5minutes", "").await, &settings).unwrap(), Validity::Seconds(300));
}

#[tokio::test]
async fn renewing_is_asked_for_by_true_and_by_nothing_else() {
    assert!(!renew(&asked("", "").await).unwrap());
    assert!(!renew(&asked("renewToken=false", "").await).unwrap());
    assert!(renew(&asked("renewToken=true", "").await).unwrap());
    assert!(renew(&asked("", "renewToken=True").await).unwrap());
    for wrong in ["renewToken", "renewToken=1", "renewToken=yes"] {
        assert!(renew(&asked(wrong, "").await).is_err(), "{wrong}");
    }
}
