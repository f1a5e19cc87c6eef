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

/// Reads so many bytes at a time, with a pause before each; whether all was written, and how long
/// it took.
async fn read_by(bytes: usize, pause: Duration, total: usize) -> (bool, Duration) {
    let (ours, mut theirs) = duplex(64);
    let mut timed = Timed::new(ours, Phase::default());
    let reading = tokio::spawn(async move {
        let mut part = vec![0; bytes];
        loop {
            tokio::time::sleep(pause).await;
            if theirs.read_exact(&mut part).await.is_err() {
                return;
            }
        }
    });
    let began = Instant::now();
    let written = timed.write_all(&vec![0; total]).await;
    drop(timed);
    reading.await.expect("no panic");
    (written.is_ok(), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_is_waited_for_as_long_as_the_average_is_above_the_least_rate() {
    let (nearly, rate) = (STALL_MAX * 9 / 10, RATE_MIN as usize);
    for (bytes, pause, total, expected) in [
        // Pauses, but not for too long; and a small rest may be read at any rate.
        (rate * 30, nearly, rate * 300, true),
        (rate, Duration::from_secs(1), rate * 100, true),
        (64, Duration::from_secs(9), 128, true),
        (rate * 30, STALL_MAX * 11 / 10, rate * 300, false),
        (rate / 2, Duration::from_secs(1), rate * 100, false),
        (64, Duration::from_secs(9), 1024, false),
    ] {
        let (is_written, took) = read_by(bytes, pause, total).await;
        assert_eq!(is_written, expected, "{bytes} bytes every {pause:?}");
        assert!(took <= STALL_MAX * 12, "{took:?}");
    }
}
