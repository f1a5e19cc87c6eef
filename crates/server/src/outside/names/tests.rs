use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use tokio::task::JoinSet;

#[tokio::test]
async fn connections_that_begin_together_share_one_answer() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static MAY_ANSWER: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);
    let (answer, may_answer) = mpsc::channel();
    *MAY_ANSWER.lock().unwrap() = Some(may_answer);
    let names = SystemNames::asking(|host| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        MAY_ANSWER.lock().unwrap().as_ref().unwrap().recv().unwrap();
        Ok(vec![if host == "one.example" { [192, 0, 2, 1].into() } else { [192, 0, 2, 2].into() }])
    });
    let mut connections = JoinSet::new();
    for host in ["one.example", "two.example"].repeat(16) {
        connections.spawn(names.resolve(host));
    }
    answer.send(()).unwrap();
    answer.send(()).unwrap();
    let found = connections.join_all().await;
    let ones = found.iter().filter(|found| found.as_ref().unwrap()[..] == [IpAddr::from([192, 0, 2, 1])]).count();
    assert_eq!((ones, found.len(), ASKED.load(Ordering::SeqCst)), (16, 32, 2));

    answer.send(()).unwrap();
    names.resolve("one.example").await.unwrap();
    assert_eq!(ASKED.load(Ordering::SeqCst), 3, "an answer is not remembered");
}

/// Their threads wait for a name server that says nothing; a name that is answered is still asked for, however many they are.
#[tokio::test]
async fn names_that_are_never_answered_hold_up_nobody_else() {
    let names = SystemNames::asking(|host| {
        if host.ends_with("silent.example") {
            loop {
                std::thread::park();
            }
        }
        Ok(vec![[192, 0, 2, 1].into()])
    });
    names.resolve("hooks.example").await.unwrap();
    for number in 0..500 {
        let mut waiting = names.resolve(&format!("{number}.silent.example"));
        assert!((&mut waiting).now_or_never().is_none());
        // A task may not take this many turns in one go.
        tokio::task::yield_now().await;
    }
    assert!(names.resolve("hooks.example").await.is_ok());
    let mut new = names.resolve("new.example");
    assert!((&mut new).now_or_never().is_none(), "whoever hangs up leaves its thread behind");
    drop(new);
    names.resolve("hooks.example").await.unwrap();
    assert_eq!(names.asked.lock().unwrap().len(), 1, "questions that nobody waits for are forgotten");
}

#[tokio::test]
async fn the_system_knows_this_machine() {
    let found = SystemNames::default().resolve("localhost").await.unwrap();
    assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    assert!(SystemNames::default().resolve("no such name").await.is_err());
}
