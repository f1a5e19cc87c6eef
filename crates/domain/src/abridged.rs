//! Delta encoding of updates: an entry that changes a large object leaves out the long attributes
//! that stay.
//!
//! Without it, a request of a few bytes would keep the whole object in the journal once more. What
//! is left out is written as an empty text or list, which no such attribute can be, and is
//! completed from the row: by `apply`, and by the feed, since items and strategies of an offer
//! never change. Nobody else needs the whole object: an update under a request key, whose entry is
//! the first answer, is told whole ([`crate::Intent`]).

use crate::{Endpoint, Grant, Notification, Offer, OfferItem, Party, Product, Strategy, User};

/// The longest text that is told again, in bytes.
const TEXT_MAX: usize = 512;

/// An object, or an attribute of one, of which an update may leave out what stays.
pub trait Abridge: Clone {
    /// Empties what is long and the same as `before`.
    fn leave_out(&mut self, before: &Self);

    /// Fills what was left out from the row.
    fn complete(&mut self, row: &Self);

    /// As an update of `before` tells it.
    #[must_use]
    fn abridged(mut self, before: &Self) -> Self {
        self.leave_out(before);
        self
    }

    /// As it was told, with what was left out; `row` is the object before the update or at any time
    /// since.
    #[must_use]
    fn completed(mut self, row: &Self) -> Self {
        self.complete(row);
        self
    }
}

impl Abridge for String {
    fn leave_out(&mut self, before: &String) {
        if self.len() > TEXT_MAX && self == before {
            self.clear();
        }
    }

    fn complete(&mut self, row: &String) {
        if self.is_empty() {
            self.clone_from(row);
        }
    }
}

/// An element of a list that may be left out.
pub trait Element: Clone + PartialEq {
    /// The most that are told again.
    const MAX: usize;
}

impl Element for Grant {
    const MAX: usize = 50;
}

impl Element for OfferItem {
    const MAX: usize = 4;
}

impl Element for String {
    const MAX: usize = 4;
}

impl<T: Element> Abridge for Vec<T> {
    fn leave_out(&mut self, before: &Vec<T>) {
        if self.len() > T::MAX && self == before {
            self.clear();
        }
    }

    fn complete(&mut self, row: &Vec<T>) {
        if self.is_empty() {
            self.clone_from(row);
        }
    }
}

impl<T: Abridge> Abridge for Option<T> {
    fn leave_out(&mut self, before: &Option<T>) {
        if let (Some(told), Some(before)) = (self, before) {
            told.leave_out(before);
        }
    }

    fn complete(&mut self, row: &Option<T>) {
        if let (Some(told), Some(row)) = (self, row) {
            told.complete(row);
        }
    }
}

macro_rules! long_attributes {
    ($($object:ident: $($attribute:ident),+;)+) => {
        $(impl Abridge for $object {
            fn leave_out(&mut self, before: &$object) {
                $(self.$attribute.leave_out(&before.$attribute);)+
            }

            fn complete(&mut self, row: &$object) {
                $(self.$attribute.complete(&row.$attribute);)+
            }
        })+
    };
}

long_attributes! {
    Party: organization;
    User: grants;
    Product: portal_url, notification;
    Notification: subscribed_url, updated_url, unsubscribed_url;
    Offer: items, strategies;
    Strategy: description, settings;
    Endpoint: url, description;
}
