//! Epochs of the feed: which history of the journal an id or a position belongs to.
//!
//! A database that is set back to an earlier point gives the numbers of the entries that it lost to
//! other entries. So that no id is ever given twice with other content, a new epoch begins with the
//! first entry that is written whenever it is not certain that the journal goes on where it ended:
//! in a SQLite file with each start, in PostgreSQL when the database lives elsewhere than before
//! (see `postgres/epoch.rs`) or has lost its end. An entry keeps the epoch that it was written in,
//! so that beginning one is harmless to those who follow (docs/decisions/0032).

use crate::query::Texts;
use crate::row::{Read, Row, Unreadable, optional_string};
use crate::{Chance, EventPlace};
use std::fmt;
use std::str;

/// A random word of 8 letters and digits, 40 bits; empty for entries of before there were epochs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch([u8; 8]);

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Epoch {
    /// The epoch of entries of before there were epochs; ids and positions in it have no suffix.
    pub const FIRST: Epoch = Epoch([0; 8]);

    pub(crate) fn draw(chance: &dyn Chance) -> Epoch {
        let bits = chance.number();
        Epoch(std::array::from_fn(|at| ALPHABET[usize::try_from(bits >> (5 * at) & 31).unwrap_or(0)]))
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Epoch> {
        let word = <[u8; 8]>::try_from(word.as_bytes()).ok()?;
        word.iter().all(|byte| ALPHABET.contains(byte)).then_some(Epoch(word))
    }

    /// The word; empty for [`Epoch::FIRST`].
    pub fn as_str(&self) -> &str {
        if *self == Epoch::FIRST { "" } else { str::from_utf8(&self.0).unwrap_or_default() }
    }

    /// Reads a column that [`of_entry`] answers: there is none for the place before all entries.
    pub(crate) fn at(row: &dyn Row, column: usize) -> Read<Epoch> {
        match optional_string(row, column)?.as_deref() {
            None | Some("") => Ok(Epoch::FIRST),
            Some(word) => Epoch::parse(word).ok_or_else(|| Unreadable::new(column, "no epoch")),
        }
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({:?})", self.as_str())
    }
}

/// A place in the feed as others are told it, with the epoch of its entry: `17.0-k3x9q2ab` is an
/// event, and `17-k3x9q2ab` the end of an entry. Without a suffix it is of before there were
/// epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeedPosition {
    /// The place.
    pub place: EventPlace,
    /// The epoch of its entry.
    pub epoch: Epoch,
}

impl FeedPosition {
    /// Before everything.
    pub const BEGINNING: FeedPosition = FeedPosition { place: EventPlace::BEGINNING, epoch: Epoch::FIRST };

    /// Reads what a position is written as; nothing but the one way to write it.
    pub fn parse(text: &str) -> Option<FeedPosition> {
        let (place, epoch) = match text.split_once('-') {
            Some((place, epoch)) => (place, Epoch::parse(epoch)?),
            None => (text, Epoch::FIRST),
        };
        let position = FeedPosition { place: EventPlace::parse(place)?, epoch };
        (position.to_string() == text).then_some(position)
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place.seq)?;
        if self.place.number != u32::MAX {
            write!(f, ".{}", self.place.number)?;
        }
        if self.epoch != Epoch::FIRST {
            write!(f, "-{}", self.epoch.as_str())?;
        }
        Ok(())
    }
}

/// SQL for the epoch of an entry, whose number `seq` says: a column, or a parameter.
pub(crate) fn of_entry(seq: &str) -> String {
    format!("(select f.epoch from feed_epochs f where f.first_seq <= {seq} order by f.first_seq desc limit 1)")
}

/// Begins an epoch with an entry: its number, the epoch, and where the database lives. One that
/// begins there already is replaced, because no entry has it.
pub(crate) const BEGIN: Texts = Texts {
    sqlite: "insert into feed_epochs (first_seq, epoch, origin) \
        select ?1, ?2, null where not exists (select 1 from feed_epochs where epoch = ?2) \
        on conflict (first_seq) do update set epoch = excluded.epoch, origin = excluded.origin",
    postgres: "insert into feed_epochs (first_seq, epoch, origin) \
        select $1, $2::text, $3::text where not exists (select 1 from feed_epochs where epoch = $2) \
        on conflict (first_seq) do update set epoch = excluded.epoch, origin = excluded.origin",
};

#[cfg(test)]
mod tests {
    use super::{Epoch, FeedPosition};
    use crate::{EventPlace, SystemChance};

    #[test]
    fn a_position_is_written_in_one_way() {
        for text in ["0", "17", "17.0", "17.3", "9223372036854775806", "17-k3x5q2ab", "17.0-k3x5q2ab"] {
            assert_eq!(FeedPosition::parse(text).expect(text).to_string(), text);
        }
        let wrong = ["", ".", "1.", ".1", "+1", "-1", "01", "1.00", "1.+0", "1.2.3", " 1", "1 ", "x", "1.4294967295"];
        let wrong_numbers = ["9223372036854775807", "18446744073709551616", "latest", "１"];
        let wrong_epochs =
            ["1-", "1.0-", "1-k3x5q2a", "1-k3x5q2abc", "1-K3X5Q2AB", "1-k3x9q2ab", "1-k3x5q2a-", "-k3x5q2ab"];
        for text in wrong.into_iter().chain(wrong_numbers).chain(wrong_epochs) {
            assert_eq!(FeedPosition::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_drawn_epoch_can_be_read_back() {
        let epoch = Epoch::draw(&SystemChance::default());
        assert_eq!(Epoch::parse(epoch.as_str()), Some(epoch));
        assert_ne!(epoch, Epoch::draw(&SystemChance::default()));
        let place = EventPlace::after(17);
        assert_eq!(FeedPosition::parse(&FeedPosition { place, epoch }.to_string()).map(|it| it.epoch), Some(epoch));
    }
}
