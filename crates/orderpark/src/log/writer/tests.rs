//! Writers that fail, and what is said of it afterwards.

use super::super::queue::{BYTES_MAX, LINES_MAX, Line, Queue};
use super::*;
use std::cell::RefCell;
use std::sync::mpsc::sync_channel;

/// Writes the next line of the queue in this way.
fn turn(queue: &Queue, write: impl FnMut(&[u8]) -> Result<usize, Errno>) {
    Output::new(write).turn(queue);
}

fn text(written: &RefCell<Vec<u8>>) -> String {
    String::from_utf8(written.take()).unwrap()
}

/// Takes a few bytes at a time, and now and then none, as a slow pipe does.
fn slowly<'w>(written: &'w RefCell<Vec<u8>>, calls: &'w RefCell<u32>) -> impl Fn(&[u8]) -> Result<usize, Errno> + 'w {
    |bytes| {
        *calls.borrow_mut() += 1;
        match *calls.borrow() % 3 {
            0 => Err(Errno::AGAIN),
            1 => Err(Errno::INTR),
            _ => {
                let count = bytes.len().min(3);
                written.borrow_mut().extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }
}

#[test]
fn a_line_is_written_whole_by_a_writer_that_takes_a_few_bytes_at_a_time() {
    let (queue, written, calls) = (Queue::new(), RefCell::default(), RefCell::default());
    queue.push(Line::new("one line\n"));
    turn(&queue, slowly(&written, &calls));
    assert_eq!(text(&written), "one line\n");
}

#[test]
fn what_cannot_be_written_is_counted_and_said_when_lines_are_taken_again() {
    let (queue, written) = (Queue::new(), RefCell::<Vec<u8>>::default());
    for error in [Errno::NOSPC, Errno::PIPE, Errno::IO] {
        queue.push(Line::new("lost\n"));
        turn(&queue, |_| Err(error));
    }
    queue.push(Line::new("kept\n"));
    let take = |bytes: &[u8]| {
        written.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    };
    turn(&queue, take);
    let said = text(&written);
    assert!(said.ends_with("WARN orderpark::log: lines of the log were lost lines=3\nkept\n"), "{said}");
    // Without another line it is said as well, and once.
    queue.push(Line::new("lost\n"));
    turn(&queue, |_| Err(Errno::NOSPC));
    turn(&queue, take);
    assert!(text(&written).ends_with("lines=1\n"));
    queue.push(Line::new("next\n"));
    turn(&queue, take);
    assert_eq!(text(&written), "next\n");
}

#[test]
fn the_queue_is_bounded_by_bytes_and_by_lines_and_nobody_waits_for_it() {
    for (line, kept) in [("x".repeat(BYTES_MAX / 4), 4), ("\n".to_owned(), LINES_MAX)] {
        let (queue, written) = (Queue::new(), RefCell::<Vec<u8>>::default());
        for _ in 0..kept + 5 {
            queue.push(Line::new(line.clone()));
        }
        turn(&queue, |bytes| {
            written.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        });
        assert!(text(&written).contains("lines=5\n"));
        let begun = std::time::Instant::now();
        queue.flush(Duration::from_millis(10));
        assert!(begun.elapsed() < Duration::from_secs(5), "the end of the process does not wait for a reader");
    }
}

#[test]
fn what_follows_a_line_that_was_cut_off_is_a_line_of_its_own() {
    let (queue, mut written, mut room) = (Queue::new(), Vec::new(), 4);
    queue.push(Line::new("cut off\n"));
    queue.push(Line::new("whole\n"));
    let mut output = Output::new(|bytes: &[u8]| {
        let count = bytes.len().min(room);
        room -= count;
        written.extend_from_slice(&bytes[..count]);
        if count == 0 {
            room = 1000;
            return Err(Errno::NOSPC);
        }
        Ok(count)
    });
    output.turn(&queue);
    output.turn(&queue);
    let said = String::from_utf8(written).unwrap();
    assert!(said.starts_with("cut \n20") && said.ends_with("lines=1\nwhole\n"), "{said}");
}

#[test]
fn who_must_know_is_told_whether_a_line_was_written() {
    let queue = Queue::new();
    for outcome in [Ok(7), Err(Errno::NOSPC)] {
        let (sender, answer) = sync_channel(1);
        queue.push(Line { written: Some(sender), ..Line::new("secret\n") });
        turn(&queue, |_| outcome);
        assert_eq!(answer.recv().unwrap().is_ok(), outcome.is_ok());
    }
}
