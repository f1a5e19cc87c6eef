use super::*;
use std::io::ErrorKind;

#[test]
fn every_failure_has_a_row_for_integrators_and_says_what_it_is() {
    let all = [
        Failure::Url(AddressFault::Scheme),
        Failure::NotPublic,
        Failure::Resolve,
        Failure::Connect(ErrorKind::ConnectionRefused),
        Failure::Tls("invalid peer certificate: Expired".to_owned()),
        Failure::TimedOut(Stage::Connecting),
        Failure::TimedOut(Stage::Answer),
        Failure::Closed,
        Failure::NotHttp,
        Failure::Redirect(302),
        Failure::Status(500),
        Failure::Secret,
        Failure::NotSent,
    ];
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md"));
    for failure in all {
        let row = format!("\n| `{}` | ", failure.slug());
        assert!(page.contains(&row), "docs/webhooks.md lacks {}", failure.slug());
        assert!(!failure.to_string().is_empty());
    }
}
