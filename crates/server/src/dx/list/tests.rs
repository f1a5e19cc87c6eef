//! How much of a list is read at once, and by how many.

use super::*;
use crate::Settings;
use crate::access::Signer;
use crate::outside::{Outside, SystemNames};
use futures_util::FutureExt as _;
use http::HeaderMap;
use orderpark_domain::{Action, PartyRef};
use orderpark_store::{Database, Options, Store};
use tokio::sync::Notify;

const TENANT: Tenant = Tenant { root: PartyRef(1), party: PartyRef(1) };

async fn part(shown: u32, bytes: usize, is_cut: bool) -> Part<u32> {
    let reserved = crate::memory::MemoryBudget::new().next(TENANT, 0).await.expect("memory");
    Part { text: vec![b' '; bytes], shown, last: (shown > 0).then_some(shown), is_cut, reserved }
}

#[tokio::test]
async fn a_slice_is_bounded_in_bytes() {
    for (rows, bytes, next) in [
        (100, 20_000, 500),
        (100, SLICE_BYTES, 100),
        (100, 20 * SLICE_BYTES, 5),
        (5, 100 * SLICE_BYTES, 1),
        (5, 1024, 500),
        (0, 0, 1),
    ] {
        assert_eq!(rows_like(&part(rows, bytes, false).await), next, "{rows} rows of {bytes} bytes");
    }
}

#[tokio::test]
async fn a_list_goes_on_where_more_may_be_behind_and_more_is_wanted() {
    for (shown, is_cut, asked, left, expected) in [
        (100, false, 100, u32::MAX, Some(u32::MAX - 100)),
        (99, false, 100, u32::MAX, None),
        (7, true, 100, u32::MAX, Some(u32::MAX - 7)),
        // A page by number has its rows and no more, in however many slices.
        (100, false, 100, 100, None),
        (7, true, 100, 100, Some(93)),
        (93, true, 93, 93, None),
        (0, false, 100, 100, None),
    ] {
        let left = match part(shown, 100, is_cut).await.next(asked, left) {
            At::After(after, rows, left) => {
                assert!(after == shown && rows <= left);
                Some(left)
            }
            At::End => None,
        };
        assert_eq!(left, expected, "{shown} of {asked}, cut: {is_cut}");
    }
}

/// A list whose read begins, and ends when it is told to.
struct Slow {
    began: Arc<Notify>,
    end: Arc<Notify>,
}

impl Listing for Slow {
    type Row = PartyRef;
    type Ref = PartyRef;

    async fn read(&self, _: &App, _: &Scope, _: Slice<PartyRef>) -> Result<Rows<PartyRef>, ReadError> {
        self.began.notify_one();
        self.end.notified().await;
        Ok(Rows { rows: vec![PartyRef(1), PartyRef(2), PartyRef(3)], is_cut: false })
    }

    fn ref_of(row: &PartyRef) -> PartyRef {
        *row
    }

    fn write(_: &Scope, row: &PartyRef, text: &mut Vec<u8>) {
        text.extend_from_slice(row.to_string().as_bytes());
    }
}

/// The folder lives as long as the walk is looked at.
fn slow() -> (tempfile::TempDir, Arc<Walk<Slow>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options::default();
    let store = Store::open(&Database::Sqlite(folder.path().join("orderpark.db")), options.clone()).expect("a store");
    let settings = Settings::default();
    let outside = Outside::new(&settings.outside, store.clock(), Arc::new(SystemNames::default()));
    let signer = Signer::open(None, &*options.chance).expect("a signer");
    let app = App::new(store, settings, signer, Arc::new(outside.expect("a way out")), options.chance);
    let listing = Slow { began: Arc::default(), end: Arc::default() };
    let (app, scope, bytes_max) = (Arc::new(app), Scope::system("a test"), SLICE_BYTES);
    let walk = Walk {
        app,
        scope,
        tenant: TENANT,
        bytes_max,
        lasting: Lasting::new(&HeaderMap::new(), Action::ReadVendors),
        listing,
    };
    (folder, Arc::new(walk))
}

#[tokio::test]
async fn a_permit_and_memory_end_with_the_read_and_not_with_its_client() {
    let (_folder, walk) = slow();
    let asked = walk.first(Slice::first(3), 3).now_or_never();
    assert!(asked.is_none(), "it waits for the database, and hangs up");
    walk.listing.began.notified().await;
    let reads = &walk.app.limits.list_reads;
    assert_eq!(reads.used(), 1, "the database is still reading");
    walk.listing.end.notify_one();
    while reads.used() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_part_shows_what_was_asked_and_tells_whether_there_is_more() {
    let (_folder, walk) = slow();
    walk.listing.end.notify_one();
    let part = walk.first(Slice::first(3), 2).await.expect("a part");
    assert_eq!((part.text, part.shown, part.is_cut, part.last), (b"[1,2".to_vec(), 2, true, Some(PartyRef(2))));
}
