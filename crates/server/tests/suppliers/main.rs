//! Suppliers: they are asked before an order becomes active, and told what became of it.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "a test that cannot prepare has failed; the list below has them all"
)]

mod again;
mod asking;
mod crash;
#[path = "../harness/mod.rs"]
mod harness;
mod reading;
mod receiver;
mod secrets;
mod shop;
mod sweeping;
mod telling;

use again::*;
use asking::*;
use crash::*;
use reading::*;
use secrets::*;
use sweeping::*;
use telling::*;

harness::on_each_engine! {
    an_order_that_all_suppliers_agree_to_is_active;
    one_supplier_who_does_not_agree_refuses_the_order;
    one_supplier_who_does_not_answer_refuses_the_order;
    a_no_counts_more_than_no_answer;
    an_operator_is_told_of_a_supplier_that_gives_no_answer;
    questions_are_listed_as_attempts;
    suppliers_are_asked_at_once;
    who_only_wants_to_be_told_is_not_asked;
    an_address_inside_is_refused;
    who_cannot_be_asked_is_refused;
    a_supplier_that_hangs_delays_nobody_else;
    a_client_that_hangs_up_cancels_nothing;
    a_client_that_hangs_up_with_the_commit_cancels_nothing;
    who_comes_meanwhile_is_answered_the_same;
    who_waits_too_long_shall_come_again;
    a_key_answers_what_it_was_settled_to;
    an_order_that_was_refused_stays_refused;
    a_rejected_order_stands_in_nobodys_way;
    who_takes_a_free_external_id_has_it_alone;
    an_order_that_was_found_is_as_it_is;
    an_abandoned_order_is_refused_after_a_while;
    all_of_many_are_refused;
    who_cannot_be_refused_keeps_nobody_waiting;
    an_order_from_the_future_is_refused_too;
    the_sweeper_may_come_first;
    of_all_racers_one_settles_and_at_most_one_cancels;
    a_supplier_is_told_of_the_whole_life;
    a_refused_order_is_cancelled_at_all_who_may_have_agreed;
    a_commit_is_sent_until_it_is_taken;
    an_abandoned_order_is_cancelled_at_all;
    what_is_told_in_json_is_the_event;
    whenever_the_program_dies_all_suppliers_end_in_the_same;
    a_secret_is_shown_once;
    questions_in_json_are_signed;
    an_href_leads_to_its_subscription;
    what_is_not_there_is_not_found;
}
