//! The form that public receivers understand (domain.md, "Notifications to suppliers").
//!
//! What is known of it, and from where:
//!
//! - Receivers that are public read the root by its *literal* name, prefix included, so the prefix is `ns2` always; they find the
//!   children without a namespace.
//! - One that was made from the schema insists on `transactionID`, `operation`, `href`, the `ID`s of subscriber, operator, vendor and
//!   supplier, the subscriber's `name`, and `type`, which is `PRODUCTION`; of `updated` on `value` and `timestamp`; it takes a state
//!   that is `ACTIVE` or `ACTIVE/SUSPENDED`, and nothing else.
//! - Another one puts the subscriber's `ID` into its database as a number, and asks `GET /subscribers?subscriberId=` for the rest.
//!
//! Ours: `extID` is the subscriber's ref, because the platform knows no other name for it; `info1` is empty, because the reason of a
//! suspension is the vendor's affair; and which features are told.
//!
//! Escaping is the library's. Characters that XML 1.0 has no spelling for are replaced before.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::borrow::Cow;
use std::io;

const NAMESPACE: &str = "http://www.actility.com/smp/ws/application";

/// The type of every subscriber here; others exist, for tests and trials, which this platform does not have.
const SUBSCRIBER_TYPE: &str = "PRODUCTION";

/// What a supplier is told with `ns2:subscribed`.
pub(super) struct Subscribed<'a> {
    pub transaction_id: &'a str,
    /// `TRY`, `COMMIT` or `CANCEL`.
    pub operation: &'static str,
    pub subscriber_name: &'a str,
    pub subscriber: Subscriber<'a>,
    pub operator_id: &'a str,
    pub supplier_id: &'a str,
    pub vendor_id: &'a str,
    /// What was bought: names and values, in this order.
    pub features: &'a [(&'static str, String)],
    pub href: &'a str,
}

/// What a supplier is told with `ns2:updated`.
pub(super) struct Updated<'a> {
    pub transaction_id: &'a str,
    pub subscriber: Subscriber<'a>,
    /// `ACTIVE` or `ACTIVE/SUSPENDED`.
    pub state: &'static str,
    /// Since when, as `xsd:dateTime`.
    pub timestamp: &'a str,
    pub href: &'a str,
}

/// What a supplier is told with `ns2:unsubscribed`.
pub(super) struct Unsubscribed<'a> {
    pub transaction_id: &'a str,
    pub subscriber: Subscriber<'a>,
    pub href: &'a str,
}

/// Who a subscriber is.
#[derive(Clone, Copy)]
pub(super) struct Subscriber<'a> {
    pub id: &'a str,
    pub ext_id: &'a str,
}

impl Subscribed<'_> {
    pub fn write(&self) -> Vec<u8> {
        document("ns2:subscribed", |xml| {
            xml.text("transactionID", self.transaction_id)?;
            xml.text("operation", self.operation)?;
            xml.within("subscriber", |xml| {
                xml.text("name", self.subscriber_name)?;
                xml.subscriber(self.subscriber)?;
                xml.text("type", SUBSCRIBER_TYPE)
            })?;
            for (party, id) in
                [("operator", self.operator_id), ("supplier", self.supplier_id), ("vendor", self.vendor_id)]
            {
                xml.within(party, |xml| xml.text("ID", id))?;
            }
            xml.within("features", |xml| self.features.iter().try_for_each(|(name, value)| xml.feature(name, value)))?;
            xml.text("href", self.href)
        })
    }
}

impl Updated<'_> {
    pub fn write(&self) -> Vec<u8> {
        document("ns2:updated", |xml| {
            xml.text("transactionID", self.transaction_id)?;
            xml.within("subscriber", |xml| xml.subscriber(self.subscriber))?;
            xml.within("application", |xml| {
                xml.within("state", |xml| {
                    xml.text("value", self.state)?;
                    xml.text("timestamp", self.timestamp)?;
                    xml.text("info1", "")
                })?;
                xml.text("href", self.href)
            })
        })
    }
}

impl Unsubscribed<'_> {
    pub fn write(&self) -> Vec<u8> {
        document("ns2:unsubscribed", |xml| {
            xml.text("transactionID", self.transaction_id)?;
            xml.within("subscriber", |xml| xml.subscriber(self.subscriber))?;
            xml.text("href", self.href)
        })
    }
}

/// Elements, written one after the other.
struct Elements<'w>(&'w mut Writer<Vec<u8>>);

impl Elements<'_> {
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.0.create_element(name).write_text_content(BytesText::new(&writable(text)))?;
        Ok(())
    }

    fn feature(&mut self, name: &str, value: &str) -> io::Result<()> {
        let attributes = [("name", name), ("val", &*writable(value))];
        self.0.create_element("feature").with_attributes(attributes).write_empty()?;
        Ok(())
    }

    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Elements<'_>) -> io::Result<()>) -> io::Result<()> {
        self.0.create_element(name).write_inner_content(|writer| inside(&mut Elements(writer)))?;
        Ok(())
    }

    fn subscriber(&mut self, subscriber: Subscriber<'_>) -> io::Result<()> {
        self.text("ID", subscriber.id)?;
        self.text("extID", subscriber.ext_id)
    }
}

/// A document with this root.
///
/// # Panics
/// Never: writing to memory does not fail.
fn document(root: &str, inside: impl FnOnce(&mut Elements<'_>) -> io::Result<()>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::with_capacity(1024));
    let written = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).and_then(|()| {
        let root = writer.create_element(root).with_attribute(("xmlns:ns2", NAMESPACE));
        root.write_inner_content(|writer| inside(&mut Elements(writer))).map(|_| ())
    });
    written.expect("memory takes it");
    writer.into_inner()
}

/// A text in which every character can stand in XML 1.0 (its section 2.2), be it as a reference; others become U+FFFD.
fn writable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_writable) {
        return Cow::Borrowed(text);
    }
    let replaced = |character| if is_writable(character) { character } else { char::REPLACEMENT_CHARACTER };
    Cow::Owned(text.chars().map(replaced).collect())
}

fn is_writable(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        other => other >= ' ',
    }
}
