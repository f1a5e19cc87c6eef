//! Which connections are closed when places get scarce.

use super::*;
use std::sync::atomic::Ordering;
use tokio::time::advance;

/// Connections that were opened, with what each is doing.
struct Scene {
    connections: Connections,
    open: Vec<(Phase, Option<Place>)>,
}

impl Scene {
    fn new(max: usize, of_address_max: usize) -> Scene {
        let connections = Connections::new(max, of_address_max, &["198.51.100.0/24".parse().expect("a network")]);
        Scene { connections, open: Vec::new() }
    }

    /// True: it has a place.
    async fn open(&mut self, peer: &str) -> bool {
        let (phase, permit) = (Phase::default(), self.connections.permit().await.expect("a place"));
        let place = self.connections.enter(permit, peer.parse().expect("an address"), &phase);
        let is_open = place.is_some();
        self.open.push((phase, place));
        is_open
    }

    /// The numbers of those that were told to end.
    fn ended(&self) -> Vec<usize> {
        (0..self.open.len()).filter(|number| self.open[*number].0.is_ending()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_places_are_taken_strangers_go_first_and_nobody_with_a_request() {
    let mut scene = Scene::new(4, 4);
    for number in 0..4 {
        assert!(scene.open("192.0.2.1").await);
        advance(LOOK_EVERY * 2).await;
        let phase = &scene.open[number].0;
        match number {
            0 => phase.busy(),
            1 => {
                phase.is_known_flag().store(true, Ordering::Relaxed);
                phase.idle();
            }
            _ => phase.idle(),
        }
    }
    for expected in [vec![2], vec![2, 3], vec![1, 2, 3]] {
        let waiting = scene.connections.clone();
        assert!(timeout(LOOK_EVERY / 2, waiting.permit()).await.is_err(), "no place is free yet");
        assert_eq!(scene.ended(), expected, "the idlest stranger first");
        // As a connection that has ended: it is looked at no more.
        let ended = expected.into_iter().find(|number| scene.open[*number].1.is_some()).expect("one that is open");
        scene.open[ended].1 = None;
        let permit = waiting.permit().await.expect("the place of the one that was closed");
        // Somebody else has it now, with a request.
        let phase = Phase::default();
        phase.busy();
        let place = waiting.enter(permit, "192.0.2.9".parse().expect("an address"), &phase);
        scene.open.push((phase, place));
        advance(LOOK_EVERY * 2).await;
    }
    assert!(timeout(Duration::from_mins(1), scene.connections.permit()).await.is_err(), "requests are not cut off");
}

#[tokio::test(start_paused = true)]
async fn while_places_are_scarce_strangers_are_idle_for_a_short_time_only() {
    let mut scene = Scene::new(8, 8);
    for _ in 0..6 {
        scene.open("192.0.2.1").await;
    }
    scene.open[0].0.busy();
    scene.open[1].0.is_known_flag().store(true, Ordering::Relaxed);
    advance(STRANGER_IDLE_MAX).await;
    assert_eq!(scene.ended(), [0_usize; 0]);
    scene.open("192.0.2.1").await;
    assert_eq!(scene.ended(), [2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_a_part_of_the_places_and_proxies_have_all() {
    for (peer, same, is_limited) in [
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8::1", "2001:db8::ffff:1", true),
        ("127.0.0.1", "127.0.0.1", false),
        ("::1", "::1", false),
        ("198.51.100.7", "198.51.100.7", false),
    ] {
        let mut scene = Scene::new(100, 2);
        assert!(scene.open(peer).await && scene.open(same).await);
        assert_eq!(scene.open(same).await, !is_limited, "{peer}");
        assert_eq!(scene.ended().len(), usize::from(is_limited), "the idlest one of {peer} makes room");
        assert!(scene.open("192.0.2.2").await && scene.open("2001:db8:0:1::1").await, "others are not concerned");
        scene.open[0].1 = None;
        assert!(scene.open(peer).await, "a place was given back");
    }
}
