//! A bounded list: the first refs of a list in the database, as many as one decision looks at, and
//! whether there are more.

/// The first refs of a list. Made of rows that were loaded with a limit, so that no decision can
/// look at an unbounded number of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<R> {
    refs: Vec<R>,
    has_more: bool,
}

impl<R: PartialEq> Piece<R> {
    /// How many rows have to be loaded for a piece of so many parts: the one behind tells whether
    /// there are more.
    pub fn rows_max(parts_max: u16) -> usize {
        usize::from(parts_max) + 1
    }

    /// The piece that these rows make: one row for each part, those of one thing together. A thing
    /// that does not fit is left for the next piece, unless it is the first.
    pub fn of(rows: impl IntoIterator<Item = R>, parts_max: u16) -> Piece<R> {
        let mut refs: Vec<R> = rows.into_iter().take(Self::rows_max(parts_max)).collect();
        let has_more = refs.len() > usize::from(parts_max);
        refs.dedup();
        if has_more && refs.len() > 1 {
            refs.pop();
        }
        Piece { refs, has_more }
    }

    /// The refs.
    pub fn refs(&self) -> &[R] {
        &self.refs
    }

    /// Whether there may be more.
    pub fn has_more(&self) -> bool {
        self.has_more
    }
}

#[cfg(test)]
mod tests {
    use super::Piece;

    #[test]
    fn a_piece_has_whole_things_and_at_least_one() {
        for (rows, refs, has_more) in [
            (vec![], vec![], false),
            (vec![1, 1, 2], vec![1, 2], false),
            (vec![1, 1, 2, 2], vec![1], true),
            (vec![1, 1, 2, 3, 4, 5], vec![1, 2], true),
            (vec![1; 9], vec![1], true),
        ] {
            let piece = Piece::of(rows.clone(), 3);
            assert_eq!((piece.refs(), piece.has_more()), (&refs[..], has_more), "{rows:?}");
        }
    }
}
