//! Parties, users, products, strategies and offers: what changes seldom and is written whole, but for an offer's count.

use super::{Writes, column, json};
use crate::query::sql_number;
use crate::told::Told;
use orderpark_domain::{Offer, Party, Product, Role, Strategy, User};

impl<'w> Writes<'w> {
    pub(super) fn parties(&mut self, parties: &[&'w Party]) {
        let sql = "insert into parties (ref, kind, id, name, vendor_ref, contact_email, organization, revision, \
                   closing_at, deleted_at, quotas) \
                   select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], \
                   $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[]) \
                   on conflict (ref) do update set name = excluded.name, \
                   contact_email = excluded.contact_email, organization = excluded.organization, \
                   revision = excluded.revision, closing_at = excluded.closing_at, deleted_at = excluded.deleted_at, \
                   quotas = excluded.quotas";
        self.add(sql, parties.len(), || {
            vec![
                column(parties, |party| sql_number(party.party.0)),
                column(parties, |party| party.kind.as_str()),
                column(parties, |party| party.id.as_str()),
                column(parties, |party| party.name.as_str()),
                column(parties, |party| party.vendor.map(|vendor| sql_number(vendor.0))),
                column(parties, |party| party.contact_email.as_deref()),
                column(parties, |party| party.organization.as_deref()),
                column(parties, |party| i64::from(party.revision)),
                column(parties, |party| party.closing_at.map(|at| at.0)),
                column(parties, |party| party.deleted_at.map(|at| at.0)),
                column(parties, |party| (!party.quotas.is_empty()).then(|| json(&party.quotas))),
            ]
        });
    }

    pub(super) fn users(&mut self, users: &[&'w User]) {
        let sql = "insert into users (ref, party_ref, login, first_name, last_name, organization, secrets, revision, \
                   deleted_at, role, created_by, created_at) select * from unnest($1::bigint[], $2::bigint[], $3::text[], \
                   $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bigint[], $9::bigint[], $10::text[], \
                   $11::bigint[], $12::bigint[]) on conflict (ref) do update set \
                   party_ref = excluded.party_ref, first_name = excluded.first_name, last_name = excluded.last_name, \
                   organization = excluded.organization, secrets = excluded.secrets, role = excluded.role, \
                   revision = excluded.revision, deleted_at = excluded.deleted_at";
        self.add(sql, users.len(), || {
            vec![
                column(users, |user| sql_number(user.user.0)),
                column(users, |user| sql_number(user.party.0)),
                column(users, |user| user.login.as_str()),
                column(users, |user| user.first_name.as_deref()),
                column(users, |user| user.last_name.as_deref()),
                column(users, |user| user.organization.as_deref()),
                column(users, |user| user.secrets.iter().flat_map(|secret| secret.0).collect::<Vec<u8>>()),
                column(users, |user| i64::from(user.revision)),
                column(users, |user| user.deleted_at.map(|at| at.0)),
                column(users, |user| user.role.map(Role::as_str)),
                column(users, |user| user.created_by.map(|by| sql_number(by.0))),
                column(users, |user| user.created_at.map(|at| at.0)),
            ]
        });
        self.user_scopes(users);
    }

    fn user_scopes(&mut self, users: &[&'w User]) {
        let sql = "delete from user_scopes where user_ref = any($1::bigint[])";
        self.add(sql, users.len(), || vec![column(users, |user| sql_number(user.user.0))]);
        let mut scopes = Vec::new();
        for user in users {
            scopes.extend((1_i64..).zip(&user.grants).map(|(position, grant)| (user.user, position, grant)));
        }
        let sql = "insert into user_scopes (user_ref, position, kind, party_ref) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])";
        self.add(sql, scopes.len(), || {
            vec![
                column(&scopes, |(user, ..)| sql_number(user.0)),
                column(&scopes, |(_, position, _)| *position),
                column(&scopes, |(.., grant)| grant.kind.as_str()),
                column(&scopes, |(.., grant)| sql_number(grant.party.0)),
            ]
        });
    }

    pub(super) fn products(&mut self, products: &[&'w Product]) {
        let sql = "insert into products (ref, kind, supplier_ref, id, name, portal_url, notification, revision, deleted_at) \
                   select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
                   $7::text[], $8::bigint[], $9::bigint[]) on conflict (ref) do update set name = excluded.name, \
                   portal_url = excluded.portal_url, notification = excluded.notification, \
                   revision = excluded.revision, deleted_at = excluded.deleted_at";
        self.add(sql, products.len(), || {
            vec![
                column(products, |product| sql_number(product.product.0)),
                column(products, |product| product.kind.as_str()),
                column(products, |product| sql_number(product.supplier.0)),
                column(products, |product| product.id.as_str()),
                column(products, |product| product.name.as_str()),
                column(products, |product| product.portal_url.as_deref()),
                column(products, |product| product.notification.as_ref().map(json)),
                column(products, |product| i64::from(product.revision)),
                column(products, |product| product.deleted_at.map(|at| at.0)),
            ]
        });
    }

    pub(super) fn strategies(&mut self, strategies: &[&'w Strategy]) {
        let sql = "insert into strategies (ref, vendor_ref, id, name, description, state, settings, revision, deleted_at) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
                   $7::text[], $8::bigint[], $9::bigint[]) on conflict (ref) do update set name = excluded.name, \
                   description = excluded.description, state = excluded.state, settings = excluded.settings, \
                   revision = excluded.revision, deleted_at = excluded.deleted_at";
        self.add(sql, strategies.len(), || {
            vec![
                column(strategies, |strategy| sql_number(strategy.strategy.0)),
                column(strategies, |strategy| strategy.vendor.map(|vendor| sql_number(vendor.0))),
                column(strategies, |strategy| strategy.id.as_str()),
                column(strategies, |strategy| strategy.name.as_str()),
                column(strategies, |strategy| strategy.description.as_deref()),
                column(strategies, |strategy| strategy.state.as_str()),
                column(strategies, |strategy| strategy.settings.as_str()),
                column(strategies, |strategy| i64::from(strategy.revision)),
                column(strategies, |strategy| strategy.deleted_at.map(|at| at.0)),
            ]
        });
    }

    /// An offer that is only ordered changes in one number.
    pub(super) fn offers(&mut self, offers: &[&'w Offer], told: &Told) {
        let is_new = |offer: &Offer| told.new_offers.contains(&offer.offer);
        let is_told = |offer: &&&Offer| is_new(offer) || told.changed_offers.contains(&offer.offer);
        let (whole, counted): (Vec<&Offer>, Vec<&Offer>) = offers.iter().partition(|offer| is_told(offer));
        self.whole_offers(&whole);
        let new: Vec<&Offer> = whole.into_iter().filter(|offer| is_new(offer)).collect();
        self.offer_items(&new);
        let sql = every!(
            "update offers set open_orders = n.open_orders from unnest($1::bigint[], $2::bigint[]) \
             as n (ref, open_orders) where offers.ref = n.ref"
        );
        self.add(sql, counted.len(), || {
            vec![
                column(&counted, |offer| sql_number(offer.offer.0)),
                column(&counted, |offer| sql_number(offer.open_orders)),
            ]
        });
    }

    fn whole_offers(&mut self, offers: &[&'w Offer]) {
        let sql = "insert into offers (ref, vendor_ref, id, name, state, strategies, open_orders, revision, deleted_at) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], \
                   $7::bigint[], $8::bigint[], $9::bigint[]) on conflict (ref) do update set name = excluded.name, \
                   state = excluded.state, open_orders = excluded.open_orders, revision = excluded.revision, \
                   deleted_at = excluded.deleted_at";
        self.add(sql, offers.len(), || {
            vec![
                column(offers, |offer| sql_number(offer.offer.0)),
                column(offers, |offer| sql_number(offer.vendor.0)),
                column(offers, |offer| offer.id.as_str()),
                column(offers, |offer| offer.name.as_str()),
                column(offers, |offer| offer.state.as_str()),
                column(offers, |offer| offer.strategies.as_ref().map(json)),
                column(offers, |offer| sql_number(offer.open_orders)),
                column(offers, |offer| i64::from(offer.revision)),
                column(offers, |offer| offer.deleted_at.map(|at| at.0)),
            ]
        });
    }

    fn offer_items(&mut self, offers: &[&'w Offer]) {
        let mut items = Vec::new();
        for offer in offers {
            items.extend((1_i64..).zip(&offer.items).map(|(position, item)| (offer.offer, position, item)));
        }
        let sql = "insert into offer_items (offer_ref, position, product_ref, granted) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])";
        self.add(sql, items.len(), || {
            vec![
                column(&items, |(offer, ..)| sql_number(offer.0)),
                column(&items, |(_, position, _)| *position),
                column(&items, |(.., item)| sql_number(item.product.0)),
                column(&items, |(.., item)| item.granted.map(sql_number)),
            ]
        });
    }
}
