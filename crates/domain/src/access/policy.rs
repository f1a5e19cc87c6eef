//! The access table: which kinds of party may do which action (domain.md, "Resources" and "Orders").

use crate::PartyKind;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident $words:literal: $($kind:ident)|+;)+) => {
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
        }
    };
}

actions! {
    /// List and get suppliers: the operator all, a supplier itself.
    ReadSuppliers "read suppliers": Operator | Supplier;
    /// Create, change and delete suppliers.
    WriteSuppliers "create, change or delete suppliers": Operator;
    /// List and get vendors: the operator all, a vendor itself.
    ReadVendors "read vendors": Operator | Vendor;
    /// Create, change and delete vendors.
    WriteVendors "create, change or delete vendors": Operator;
    /// List and get subscribers: the operator all, a vendor its own, a subscriber itself.
    ReadSubscribers "read subscribers": Operator | Vendor | Subscriber;
    /// Create, change and delete subscribers: the operator, and a vendor its own.
    WriteSubscribers "create, change or delete subscribers": Operator | Vendor;
    /// List and get users: those whose scopes the caller holds as well.
    ReadUsers "read users": Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete users: others than the operator may only grant what they hold.
    WriteUsers "create, change or delete users": Operator | Supplier | Vendor | Subscriber;
    /// List and get products: operator and vendor all, a supplier its own, a subscriber those it has.
    ReadProducts "read applications and connectivity plans": Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete products, and report their use: the operator, and a supplier its own.
    WriteProducts "create, change or delete applications and connectivity plans": Operator | Supplier;
    /// List what suppliers were sent for a product: the operator all, a supplier for its own.
    ReadSupplierAttempts "read what suppliers were sent": Operator | Supplier;
    /// List and get offers: a vendor its own, a subscriber those it has, or may order.
    ReadOffers "read offers": Operator | Vendor | Subscriber;
    /// Create, change and delete offers: the operator, and a vendor its own.
    WriteOffers "create, change or delete offers": Operator | Vendor;
    /// List and get processing strategies: the operator's, and those of the own vendor.
    ReadStrategies "read processing strategies": Operator | Supplier | Vendor | Subscriber;
    /// Create, change and delete processing strategies: the operator all, a vendor its own.
    WriteStrategies "create, change or delete processing strategies": Operator | Vendor;
    /// List and get orders.
    ReadOrders "read orders": Operator | Vendor | Subscriber;
    /// Place an order.
    PlaceOrder "place orders": Operator | Vendor | Subscriber;
    /// Cancel an order.
    CancelOrder "cancel orders": Operator | Vendor | Subscriber;
    /// List and get subscriptions: a supplier those to its products, the others as orders.
    ReadSubscriptions "read subscriptions": Operator | Supplier | Vendor | Subscriber;
    /// Suspend and resume a subscription.
    WriteSubscriptions "suspend or resume subscriptions": Operator | Vendor;
    /// Follow the event feed: the operator all, the others what they may see of it.
    ReadEvents "read events": Operator | Supplier | Vendor | Subscriber;
    /// List and get webhook endpoints and what was sent to them: each party its own, the operator all.
    ReadEndpoints "read webhook endpoints": Operator | Supplier | Vendor | Subscriber;
    /// Create, change, test, replay and delete webhook endpoints: each party its own, the operator all.
    WriteEndpoints "create, change or delete webhook endpoints": Operator | Supplier | Vendor | Subscriber;
}
