//! How long the other side may keep a writer waiting.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// Time is paused and runs ahead whenever everything waits.
#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_is_given_up() {
    let (ours, _theirs) = duplex(64);
    let mut timed = Timed::new(ours, Phase::default());
    let began = Instant::now();
    let error = timed.write_all(&[0; 1000]).await.expect_err("nobody reads");
    assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, STALL_MAX.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_is_not() {
    let (ours, mut theirs) = duplex(64);
    let mut timed = Timed::new(ours, Phase::default());
    let reading = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(STALL_MAX * 9 / 10).await;
            theirs.read_exact(&mut [0; 64]).await.expect("a byte");
        }
    });
    timed.write_all(&[0; 640]).await.expect("a reader");
    reading.await.expect("no panic");
}
