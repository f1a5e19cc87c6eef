//! The disk: how long it takes to make 4 KiB durable.

use anyhow::Context;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

const BLOCK: usize = 4096;
const BLOCKS: u64 = 1024;

/// The times, in sorted microseconds, of `count` writes of 4 KiB with `fdatasync`, over a file that has its size already.
pub fn sync_times(folder: &Path, count: u64) -> anyhow::Result<Vec<u32>> {
    let path = folder.join("sync");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path).context("opening the file")?;
    let block = [0x5a; BLOCK];
    for number in 0..BLOCKS {
        file.write_all_at(&block, number * BLOCK as u64)?;
    }
    file.sync_all()?;
    let mut micros = Vec::new();
    for number in 0..count {
        let begin = Instant::now();
        file.write_all_at(&block, (number % BLOCKS) * BLOCK as u64)?;
        file.sync_data()?;
        micros.push(u32::try_from(begin.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    micros.sort_unstable();
    Ok(micros)
}
