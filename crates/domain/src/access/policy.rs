//! The access table: which kinds of party may do which action, and what of it is open to a `MEMBER`
//! (domain.md, "Resources", "Roles" and "Orders").

use crate::PartyKind;

/// The part of an action that is open to a user of the role `MEMBER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberMay {
    /// All of it, as for an `ADMIN`.
    All,
    /// Only as far as it concerns the member's own user.
    Own,
    /// Nothing.
    Nothing,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $words:literal: $($kind:ident)|+, member $member:ident;)+) => {
        /// Everything that can be asked of the API, one variant a row of the access table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)+ }

        impl Action {
            /// Every action, for tests that must not forget one.
            pub const ALL: &[Action] = &[$(Action::$name,)+];

            /// The action's name, part of the scope of a request key; never renamed once released.
            pub fn name(self) -> &'static str {
                match self { $(Action::$name => stringify!($name),)+ }
            }

            /// The action in words, to follow "may".
            pub fn words(self) -> &'static str {
                match self { $(Action::$name => $words,)+ }
            }

            /// Whether a grant of this kind may ever do this.
            pub fn is_open_to(self, kind: PartyKind) -> bool {
                match self { $(Action::$name => matches!(kind, $(PartyKind::$kind)|+),)+ }
            }

            /// The part of it that is open to a member.
            pub fn of_member(self) -> MemberMay {
                match self { $(Action::$name => MemberMay::$member,)+ }
            }
        }
    };
}

actions! {
    /// List and get suppliers: the operator all, a supplier itself.
    ReadSuppliers "read suppliers": Operator | Supplier, member All;
    /// Create, change and delete suppliers.
    WriteSuppliers "create, change or delete suppliers": Operator, member Nothing;
    /// List and get vendors: the operator all, a vendor itself.
    ReadVendors "read vendors": Operator | Vendor, member All;
    /// Create, change and delete vendors.
    WriteVendors "create, change or delete vendors": Operator, member Nothing;
    /// List and get subscribers: the operator all, a vendor its own, a subscriber itself.
    ReadSubscribers "read subscribers": Operator | Vendor | Subscriber, member All;
    /// Create, change and delete subscribers: the operator, and a vendor its own.
    WriteSubscribers "create, change or delete subscribers": Operator | Vendor, member Nothing;
    /// List and get quotas: each party its own, a vendor those of its subscribers, the operator
    /// all.
    ReadQuotas "read quotas": Operator | Supplier | Vendor | Subscriber, member All;
    /// Set quotas.
    WriteQuotas "set quotas": Operator, member Nothing;
    /// List and get users: those whose scopes the caller holds as well.
    ReadUsers "read users": Operator | Supplier | Vendor | Subscriber, member Own;
    /// Create, change and delete users: others than the operator may only grant what they hold.
    WriteUsers "create, change or delete users": Operator | Supplier | Vendor | Subscriber, member Nothing;
    /// End the credentials of a user, and what it made: its own, and those of users whose scopes
    /// the caller holds.
    ContainUser "contain users": Operator | Supplier | Vendor | Subscriber, member Own;
    /// List and get products: operator and vendor all, a supplier its own, a subscriber those it has.
    ReadProducts "read applications and connectivity plans": Operator | Supplier | Vendor | Subscriber, member All;
    /// Create, change and delete products, and report their use: the operator, and a supplier its own.
    WriteProducts "create, change or delete applications and connectivity plans": Operator | Supplier, member Nothing;
    /// List what suppliers were sent for a product: the operator all, a supplier for its own.
    ReadSupplierAttempts "read what suppliers were sent": Operator | Supplier, member All;
    /// List and get offers: a vendor its own, a subscriber those it has, or may order.
    ReadOffers "read offers": Operator | Vendor | Subscriber, member All;
    /// Create, change and delete offers: the operator, and a vendor its own.
    WriteOffers "create, change or delete offers": Operator | Vendor, member Nothing;
    /// List and get processing strategies: the operator's, and those of the own vendor.
    ReadStrategies "read processing strategies": Operator | Supplier | Vendor | Subscriber, member All;
    /// Create, change and delete processing strategies: the operator all, a vendor its own.
    WriteStrategies "create, change or delete processing strategies": Operator | Vendor, member Nothing;
    /// List and get orders.
    ReadOrders "read orders": Operator | Vendor | Subscriber, member All;
    /// Place an order.
    PlaceOrder "place orders": Operator | Vendor | Subscriber, member All;
    /// Cancel an order.
    CancelOrder "cancel orders": Operator | Vendor | Subscriber, member All;
    /// List and get subscriptions: a supplier those to its products, the others as orders.
    ReadSubscriptions "read subscriptions": Operator | Supplier | Vendor | Subscriber, member All;
    /// Suspend and resume a subscription.
    WriteSubscriptions "suspend or resume subscriptions": Operator | Vendor, member Nothing;
    /// Follow the event feed: the operator all, the others what they may see of it.
    ReadEvents "read events": Operator | Supplier | Vendor | Subscriber, member All;
    /// List and get webhook endpoints and what was sent to them: each party its own, the operator all.
    ReadEndpoints "read webhook endpoints": Operator | Supplier | Vendor | Subscriber, member All;
    /// Create, change, test, replay and delete webhook endpoints: each party its own, the operator all.
    WriteEndpoints "create, change or delete webhook endpoints": Operator | Supplier | Vendor | Subscriber, member Nothing;
}
