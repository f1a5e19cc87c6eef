//! What `after` may be.

use super::{After, parse};
use orderpark_store::EventPlace;

#[test]
fn a_place_or_the_latest() {
    assert_eq!(parse("latest"), Some(After::Latest));
    assert_eq!(parse("17.2"), Some(After::Place(EventPlace { seq: 17, number: 2 })));
    assert_eq!(parse("0"), Some(After::Place(EventPlace::BEGINNING)));
    for wrong in ["", "Latest", "first", "17.", "-1", "017", "1e3"] {
        assert_eq!(parse(wrong), None, "{wrong:?}");
    }
}
