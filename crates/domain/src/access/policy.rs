//! The access table: which kinds of party may do which action (domain.md, "Resources" and "Orders").

use crate::PartyKind;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)|+;)+) => {
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

            /// Whether a grant of this kind may ever do this.
            pub(super) fn is_open_to(self, kind: PartyKind) -> bool {
                match self { $(Action::$name => matches!(kind, $(PartyKind::$kind)|+),)+ }
            }
        }
    };
}

actions! {
    /// List and get suppliers: the operator all, a supplier itself.
    ReadSuppliers: Operator | Supplier;
    /// Create, change and delete suppliers.
    WriteSuppliers: Operator;
    /// List and get vendors: the operator all, a vendor itself.
    ReadVendors: Operator | Vendor;
    /// Create, change and delete vendors.
    WriteVendors: Operator;
    /// List and get subscribers: the operator all, a vendor its own, a subscriber itself.
    ReadSubscribers: Operator | Vendor | Subscriber;
    /// Create, change and delete subscribers: the operator, and a vendor its own.
    WriteSubscribers: Operator | Vendor;
    /// List and get users: those whose scopes the caller holds as well.
    ReadUsers: Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete users: others than the operator may only grant what they hold.
    WriteUsers: Operator | Supplier | Vendor | Subscriber;
    /// List and get products: operator and vendor all, a supplier its own, a subscriber those it has.
    ReadProducts: Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete products, and report their use: the operator, and a supplier its own.
    WriteProducts: Operator | Supplier;
    /// List what suppliers were sent for a product: the operator all, a supplier for its own.
    ReadSupplierAttempts: Operator | Supplier;
    /// List and get offers: a vendor its own, a subscriber those it has, or may order.
    ReadOffers: Operator | Vendor | Subscriber;
    /// Create, change and delete offers: the operator, and a vendor its own.
    WriteOffers: Operator | Vendor;
    /// List and get processing strategies: the operator's, and those of the own vendor.
    ReadStrategies: Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete processing strategies: the operator all, a vendor its own.
    WriteStrategies: Operator | Vendor;
    /// List and get orders.
    ReadOrders: Operator | Vendor | Subscriber;
    /// Place an order.
    PlaceOrder: Operator | Vendor | Subscriber;
    /// Cancel an order.
    CancelOrder: Operator | Vendor | Subscriber;
    /// List and get subscriptions: a supplier those to its products, the others as orders.
    ReadSubscriptions: Operator | Supplier | Vendor | Subscriber;
    /// Suspend and resume a subscription.
    WriteSubscriptions: Operator | Vendor;
    /// Follow the event feed: the operator all, the others what they may see of it.
    ReadEvents: Operator | Supplier | Vendor | Subscriber;
    /// List and get webhook endpoints and what was sent to them: each party its own, the operator all.
    ReadEndpoints: Operator | Supplier | Vendor | Subscriber;
    /// Create, change, test, replay and delete webhook endpoints: each party its own, the operator all.
    WriteEndpoints: Operator | Supplier | Vendor | Subscriber;
}
