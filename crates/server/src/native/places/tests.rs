use super::{Full, Places};
use orderpark_domain::UserRef;

#[test]
fn places_are_counted_for_each_client_and_in_all_and_given_back() {
    let places = Places::default();
    let take = |client| places.take(UserRef(client), 2, 3).map_err(Some);
    let first = take(1).ok();
    let second = take(1).ok();
    assert!(first.is_some() && second.is_some());
    assert_eq!(take(1).err(), Some(Some(Full::OfOne)));
    let third = take(2).ok();
    assert!(third.is_some());
    assert_eq!(take(3).err(), Some(Some(Full::All)));
    drop(first);
    assert_eq!(take(3).err(), None);
    let again = take(1).ok();
    assert!(again.is_some());
    assert_eq!(take(1).err(), Some(Some(Full::OfOne)));
}
