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

fn part(rows: u32, bytes: usize) -> Part<u32> {
    Part { text: vec![b' '; bytes], rows, last: None }
}

#[test]
fn a_slice_is_bounded_in_bytes() {
    for (rows, bytes, next) in [
        (100, 60_000, 500),
        (100, 1024 * 1024, 100),
        (100, 20 * 1024 * 1024, 5),
        (5, 100 * 1024 * 1024, 1),
        (5, 1024, 500),
        (0, 0, 1),
    ] {
        assert_eq!(rows_like(&part(rows, bytes)), next, "{rows} rows of {bytes} bytes");
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

    async fn read(&self, _: &App, _: &Scope, _: Slice<PartyRef>) -> Result<Vec<PartyRef>, ReadError> {
        self.began.notify_one();
        self.end.notified().await;
        Ok(vec![PartyRef(1), PartyRef(2), PartyRef(3)])
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
    let (app, scope, tenant) = (Arc::new(app), Scope::system("a test"), Tenant::alone(PartyRef(1)));
    let walk = Walk { lasting: Lasting::new(&HeaderMap::new(), Action::ReadVendors), app, scope, tenant, listing };
    (folder, Arc::new(walk))
}

#[tokio::test]
async fn a_permit_ends_with_its_read_and_not_with_its_client() {
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
async fn a_part_shows_what_was_asked_and_tells_how_much_was_read() {
    let (_folder, walk) = slow();
    walk.listing.end.notify_one();
    let part = walk.first(Slice::first(3), 2).await.expect("a part");
    assert_eq!((part.text, part.rows, part.last), (b"[1,2".to_vec(), 3, Some(PartyRef(2))));
}
