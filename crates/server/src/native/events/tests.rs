//! What `after` may be.

use super::{After, parse};
use orderpark_store::FeedPosition;

#[test]
fn a_place_or_the_latest() {
    assert_eq!(parse("latest"), Some(After::Latest));
    for text in ["17.2", "17-abcdefgh"] {
        assert_eq!(parse(text), FeedPosition::parse(text).map(After::Position));
    }
    assert_eq!(parse("0"), Some(After::Position(FeedPosition::BEGINNING)));
    for wrong in ["", "Latest", "first", "17.", "-1", "017", "1e3"] {
        assert_eq!(parse(wrong), None, "{wrong:?}");
    }
}
