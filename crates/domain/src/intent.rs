//! Intents: a command with who asks, within which scope, under which key; and the decision that answers it.

use crate::request_key::KeptRequest;
use crate::{
    Abridge, Balance, Contained, Endpoint, Event, Instant, Needs, Offer, Order, Party, Product, QuotaDefaults, Refusal,
    RequestKey, Scope, Strategy, Subscription, Tenant, Token, User, UserRef, World, balance, endpoint, offer, order,
    party, product, quota, strategy, subscription, token, user,
};

/// When, and what chance gave: all that a decision may know besides the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Now, on the journal's clock: later than every entry before.
    pub at: Instant,
    /// A number drawn by chance, for refs.
    pub chance: u64,
}

/// A precondition on the object that a command changes: `If-Match` (RFC 9110, 13.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// No precondition.
    #[default]
    Anything,
    /// The object must have one of these revisions.
    Revisions(Vec<u32>),
}

impl IfMatch {
    pub(crate) fn check(&self, revision: u32) -> Result<(), Refusal> {
        match self {
            IfMatch::Revisions(wanted) if !wanted.contains(&revision) => Err(Refusal::Stale),
            _ => Ok(()),
        }
    }
}

/// Somebody wants something.
#[derive(Clone, Debug)]
pub struct Intent {
    /// What.
    pub command: Command,
    /// On whose rows.
    pub scope: Scope,
    /// Who; absent where the system itself acts.
    pub by: Option<UserRef>,
    /// The tenant that the work counts for; absent where it is the system's own.
    pub tenant: Option<Tenant>,
    /// Under which key, if a retry should find the first answer.
    pub request: Option<RequestKey>,
    /// The fingerprint of the request as it was sent, under which version 0.1 kept its key.
    pub sent_fingerprint: Option<[u8; 16]>,
    /// Only if the object is still as the caller knows it.
    pub if_match: IfMatch,
    /// Whether this is a dry run: it is decided like any other, and nothing is recorded.
    pub dry_run: bool,
    /// The quotas of parties for which none are set.
    pub quotas: QuotaDefaults,
}

impl Intent {
    /// An intent of the program itself, without key or precondition.
    pub fn system(command: Command, why: &'static str) -> Intent {
        Intent { by: None, ..Intent::by(UserRef(0), Scope::system(why), command) }
    }

    /// An intent of a user, without key or precondition.
    pub fn by(user: UserRef, scope: Scope, command: Command) -> Intent {
        let (request, sent_fingerprint, if_match) = (None, None, IfMatch::Anything);
        let (by, tenant, quotas) = (Some(user), None, QuotaDefaults::default());
        Intent { command, scope, by, tenant, request, sent_fingerprint, if_match, dry_run: false, quotas }
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($type:ty),)+) => {
        /// Everything that can be done, one variant a command file.
        #[derive(Clone, Debug)]
        pub enum Command { $($(#[$doc])* $name($type),)+ }

        impl Intent {
            /// Names the rows that `decide` will look at and that the world does not hold yet. Called until it names none.
            pub fn needs(&self, world: &World, needs: &mut Needs) {
                if let Some(by) = self.by {
                    needs.user(world, by);
                }
                if let Some(request) = &self.request {
                    needs.request_key(world, request.id());
                }
                match &self.command { $(Command::$name(command) => command.needs(self, world, needs),)+ }
            }

            /// Decides. Pure: the same arguments give the same answer, on every node and in every replay.
            pub fn decide(&self, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
                self.check_caller(world)?;
                if let Some(seq) = self.kept_answer(world)? {
                    return Ok(Decision::replay(seq));
                }
                let decision = match &self.command {
                    $(Command::$name(command) => command.decide(self, world, stamp),)+
                }?;
                Ok(if self.dry_run { Decision::nothing(decision.outcome) } else { decision })
            }
        }
    };
}

commands! {
    /// Make the operator, its first user and the predefined strategies, on an empty journal.
    Bootstrap(party::Bootstrap),
    /// Create a supplier, vendor or subscriber.
    CreateParty(party::CreateParty),
    /// Change a party.
    UpdateParty(party::UpdateParty),
    /// Set the quotas of a party.
    SetQuotas(quota::SetQuotas),
    /// Delete a party.
    DeleteParty(party::DeleteParty),
    /// Do the next piece of closing a party.
    ContinueClosing(party::ContinueClosing),
    /// Create a user.
    CreateUser(user::CreateUser),
    /// Change a user.
    UpdateUser(user::UpdateUser),
    /// Give a user a new secret.
    RotateSecret(user::RotateSecret),
    /// Delete a user.
    DeleteUser(user::DeleteUser),
    /// End the credentials of a user, and what it made.
    ContainUser(user::ContainUser),
    /// Create a product.
    CreateProduct(product::CreateProduct),
    /// Change a product.
    UpdateProduct(product::UpdateProduct),
    /// Give the notification of a product a new secret.
    RotateNotificationSecret(product::RotateNotificationSecret),
    /// Delete a product.
    DeleteProduct(product::DeleteProduct),
    /// Create an offer.
    CreateOffer(offer::CreateOffer),
    /// Change an offer.
    UpdateOffer(offer::UpdateOffer),
    /// Delete an offer.
    DeleteOffer(offer::DeleteOffer),
    /// Create a processing strategy.
    CreateStrategy(strategy::CreateStrategy),
    /// Change a processing strategy.
    UpdateStrategy(strategy::UpdateStrategy),
    /// Delete a processing strategy.
    DeleteStrategy(strategy::DeleteStrategy),
    /// Place an order.
    PlaceOrder(order::PlaceOrder),
    /// Settle a pending order.
    SettleOrder(order::SettleOrder),
    /// Cancel an order.
    CancelOrder(order::CancelOrder),
    /// Suspend or resume a subscription.
    ChangeSubscription(subscription::ChangeSubscription),
    /// Report how many connections a subscriber uses.
    ReportUsage(balance::ReportUsage),
    /// Create a webhook endpoint.
    CreateEndpoint(endpoint::CreateEndpoint),
    /// Change a webhook endpoint.
    UpdateEndpoint(endpoint::UpdateEndpoint),
    /// Give a webhook endpoint a new secret.
    RotateEndpointSecret(endpoint::RotateEndpointSecret),
    /// Disable a webhook endpoint because of how it answered.
    DisableEndpoint(endpoint::DisableEndpoint),
    /// Delete a webhook endpoint.
    DeleteEndpoint(endpoint::DeleteEndpoint),
    /// Issue a token, or find the valid one.
    IssueToken(token::IssueToken),
    /// Revoke a token.
    RevokeToken(token::RevokeToken),
}

impl Command {
    /// Whether it makes, changes or ends credentials, or says where something is sent.
    pub fn is_about_credentials(&self) -> bool {
        match self {
            Command::CreateUser(_)
            | Command::UpdateUser(_)
            | Command::RotateSecret(_)
            | Command::DeleteUser(_)
            | Command::ContainUser(_)
            | Command::RotateNotificationSecret(_)
            | Command::CreateEndpoint(_)
            | Command::UpdateEndpoint(_)
            | Command::RotateEndpointSecret(_)
            | Command::DeleteEndpoint(_)
            | Command::DeleteParty(_) => true,
            Command::CreateParty(command) => command.primary_user.is_some(),
            Command::CreateProduct(command) => command.notification.is_some(),
            Command::UpdateProduct(command) => command.notification.is_some(),
            Command::Bootstrap(_)
            | Command::UpdateParty(_)
            | Command::ContinueClosing(_)
            | Command::SetQuotas(_)
            | Command::DeleteProduct(_)
            | Command::CreateOffer(_)
            | Command::UpdateOffer(_)
            | Command::DeleteOffer(_)
            | Command::CreateStrategy(_)
            | Command::UpdateStrategy(_)
            | Command::DeleteStrategy(_)
            | Command::PlaceOrder(_)
            | Command::SettleOrder(_)
            | Command::CancelOrder(_)
            | Command::ChangeSubscription(_)
            | Command::ReportUsage(_)
            | Command::DisableEndpoint(_)
            | Command::IssueToken(_)
            | Command::RevokeToken(_) => false,
        }
    }
}

impl Intent {
    /// Between its authentication and this moment, who asks may have been deleted.
    fn check_caller(&self, world: &World) -> Result<(), Refusal> {
        let gone = |by| world.users.get(&by).is_none_or(|user| user.deleted_at.is_some());
        if self.by.is_some_and(gone) { Err(Refusal::CallerGone) } else { Ok(()) }
    }

    /// An object as its update tells it: without what is long and stays, but whole under a request
    /// key, because the entry is the first answer.
    pub(crate) fn told<T: Abridge>(&self, after: &T, before: &T) -> T {
        if self.request.is_some() { after.clone() } else { after.clone().abridged(before) }
    }

    /// The journal entry that answered this request before, if its key was kept.
    fn kept_answer(&self, world: &World) -> Result<Option<u64>, Refusal> {
        let Some(request) = &self.request else { return Ok(None) };
        match world.request_keys.get(&request.id()) {
            None => Ok(None),
            Some(kept) if self.is_of(request, kept) => Ok(Some(kept.seq)),
            Some(_) => Err(Refusal::KeyReused),
        }
    }

    /// Whether a key was kept for this request. Keys that version 0.1 kept must go on finding their
    /// answers.
    fn is_of(&self, request: &RequestKey, kept: &KeptRequest) -> bool {
        request.fingerprint == kept.fingerprint || self.sent_fingerprint == Some(kept.fingerprint)
    }

    /// How large it is, as far as the world tells: items of an offer, subscriptions of orders; one
    /// at least.
    pub fn parts(&self, world: &World) -> u64 {
        let parts = match &self.command {
            Command::PlaceOrder(command) => command.parts(&self.scope, world),
            Command::SettleOrder(command) => world.parts_of_order(command.order),
            Command::CancelOrder(command) => world.parts_of_order(command.order),
            Command::ChangeSubscription(command) => world.parts_of_order(command.subscription.order()),
            Command::CreateOffer(command) => command.items.len(),
            Command::UpdateOffer(command) => world.parts_of_offer(command.offer),
            Command::DeleteOffer(command) => world.parts_of_offer(command.offer),
            Command::DeleteParty(command) => world.parts_of_open_orders(command.party, command.parts_max),
            Command::ContinueClosing(command) => world.parts_of_open_orders(command.party, command.parts_max),
            Command::ContainUser(command) => command.parts(self, world),
            Command::Bootstrap(_)
            | Command::CreateParty(_)
            | Command::UpdateParty(_)
            | Command::SetQuotas(_)
            | Command::CreateUser(_)
            | Command::UpdateUser(_)
            | Command::RotateSecret(_)
            | Command::DeleteUser(_)
            | Command::CreateProduct(_)
            | Command::UpdateProduct(_)
            | Command::RotateNotificationSecret(_)
            | Command::DeleteProduct(_)
            | Command::CreateStrategy(_)
            | Command::UpdateStrategy(_)
            | Command::DeleteStrategy(_)
            | Command::ReportUsage(_)
            | Command::CreateEndpoint(_)
            | Command::UpdateEndpoint(_)
            | Command::RotateEndpointSecret(_)
            | Command::DisableEndpoint(_)
            | Command::DeleteEndpoint(_)
            | Command::IssueToken(_)
            | Command::RevokeToken(_) => 1,
        };
        parts.max(1) as u64
    }

    /// Whether it is decided on a read before the committer is asked: what is rare, and often
    /// changes nothing. What is frequent, or always changes something, is not read twice.
    pub fn is_tried_first(&self) -> bool {
        self.dry_run
            || match self.command {
                Command::UpdateParty(_)
                | Command::SetQuotas(_)
                | Command::DeleteParty(_)
                | Command::UpdateUser(_)
                | Command::DeleteUser(_)
                | Command::ContainUser(_)
                | Command::UpdateProduct(_)
                | Command::DeleteProduct(_)
                | Command::UpdateOffer(_)
                | Command::DeleteOffer(_)
                | Command::UpdateStrategy(_)
                | Command::DeleteStrategy(_)
                | Command::CreateEndpoint(_)
                | Command::UpdateEndpoint(_)
                | Command::DeleteEndpoint(_) => true,
                Command::Bootstrap(_)
                | Command::CreateParty(_)
                | Command::CreateUser(_)
                | Command::RotateSecret(_)
                | Command::CreateProduct(_)
                | Command::RotateNotificationSecret(_)
                | Command::CreateOffer(_)
                | Command::CreateStrategy(_)
                | Command::PlaceOrder(_)
                | Command::SettleOrder(_)
                | Command::CancelOrder(_)
                | Command::ChangeSubscription(_)
                | Command::ReportUsage(_)
                | Command::RotateEndpointSecret(_)
                | Command::DisableEndpoint(_)
                | Command::ContinueClosing(_)
                | Command::IssueToken(_)
                | Command::RevokeToken(_) => false,
            }
    }
}

/// What an intent came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to record; empty where nothing changes.
    pub events: Vec<Event>,
    /// What to answer.
    pub outcome: Outcome,
    /// Which of the events tells the outcome: its entry keeps the request key, and answers when the key comes again.
    pub telling: usize,
}

impl Decision {
    pub(crate) fn of(event: Event, outcome: Outcome) -> Decision {
        Decision { events: vec![event], outcome, telling: 0 }
    }

    /// Several events, of which the first tells the outcome.
    pub(crate) fn first_of(events: Vec<Event>, outcome: Outcome) -> Decision {
        Decision { events, outcome, telling: 0 }
    }

    pub(crate) fn nothing(outcome: Outcome) -> Decision {
        Decision { events: Vec::new(), outcome, telling: 0 }
    }

    fn replay(seq: u64) -> Decision {
        Decision::nothing(Outcome::Replay { seq })
    }
}

impl Outcome {
    /// Whether it lies within `scope`. A kept answer is shown again only to who may still see what it shows.
    pub fn is_within(&self, scope: &Scope) -> bool {
        match self {
            Outcome::Party(party, _) => party.is_of(scope),
            Outcome::User(user) => user.is_of(scope),
            Outcome::Contained(contained) => contained.user.is_of(scope),
            Outcome::Product(product) => scope.has_supplier(product.supplier),
            Outcome::Offer(offer) => scope.has_vendor(offer.vendor),
            Outcome::Strategy(strategy) => match strategy.vendor {
                None => scope.is_everything(),
                Some(vendor) => scope.has_vendor(vendor),
            },
            Outcome::Endpoint(endpoint) => endpoint.is_of(scope),
            Outcome::Order(order) | Outcome::Subscription(order, _) => order.is_within(scope),
            Outcome::Balance(_) | Outcome::Token(_) | Outcome::Nothing | Outcome::Replay { .. } => true,
        }
    }
}

/// The object that an intent was about, as it is afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A party, with its primary user where one was just created.
    Party(Box<Party>, Option<Box<User>>),
    /// A user.
    User(Box<User>),
    /// A user that was contained, with what it made.
    Contained(Box<Contained>),
    /// A product.
    Product(Box<Product>),
    /// An offer.
    Offer(Box<Offer>),
    /// A processing strategy.
    Strategy(Box<Strategy>),
    /// An order.
    Order(Box<Order>),
    /// A subscription of an order.
    Subscription(Box<Order>, Box<Subscription>),
    /// A webhook endpoint.
    Endpoint(Box<Endpoint>),
    /// A balance.
    Balance(Balance),
    /// A token.
    Token(Box<Token>),
    /// Nothing to show.
    Nothing,
    /// The answer that the journal entry `seq` gave; the committer fetches it.
    Replay {
        /// The entry.
        seq: u64,
    },
}
