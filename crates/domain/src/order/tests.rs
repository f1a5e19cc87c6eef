use super::*;

/// The state table as it can be read in domain.md, written out: every pair that is not here is illegal.
#[test]
fn an_order_becomes_what_the_table_says() {
    let legal = "PENDING>ACTIVE PENDING>REJECTED ACTIVE>CANCELLED";
    for from in OrderState::ALL {
        for to in OrderState::ALL {
            let pair = format!("{}>{}", from.as_str(), to.as_str());
            assert_eq!(from.may_become(to), legal.split(' ').any(|it| it == pair), "{pair}");
        }
    }
}

#[test]
fn a_subscription_becomes_what_the_table_says() {
    let legal =
        "PENDING>ACTIVE PENDING>REJECTED ACTIVE>SUSPENDED SUSPENDED>ACTIVE ACTIVE>CANCELLED SUSPENDED>CANCELLED";
    for from in SubscriptionState::ALL {
        for to in SubscriptionState::ALL {
            let pair = format!("{}>{}", from.as_str(), to.as_str());
            assert_eq!(from.may_become(to), legal.split(' ').any(|it| it == pair), "{pair}");
        }
    }
}

#[test]
fn a_state_is_read_as_it_is_written() {
    for state in OrderState::ALL {
        assert_eq!(OrderState::parse(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for state in SubscriptionState::ALL {
        assert_eq!(SubscriptionState::parse(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    assert_eq!(OrderState::parse("active"), None);
}
