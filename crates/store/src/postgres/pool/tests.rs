use super::super::scratch::Scratch;
use super::*;
use crate::Limits;
use tokio_postgres::Client;

async fn pid(client: &Client) -> i32 {
    client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Lends several at once, so that as many exist, and says who they are.
async fn all_of(pool: &Pool, count: usize) -> Vec<i32> {
    let (mut lent, mut pids) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let one = pool.get().await.unwrap();
        pids.push(pid(&one).await);
        lent.push(one);
    }
    pids.sort_unstable();
    pids
}

#[tokio::test]
async fn a_connection_is_lent_again_until_one_like_it_has_died() {
    let scratch = Scratch::new().await;
    let pool = pool(&scratch.connector(), Role::List, 4).unwrap();
    let first = all_of(&pool, 3).await;
    assert_eq!(all_of(&pool, 3).await, first);
    let other = scratch.session(Role::Listener).await;
    let died = pool.get().await.unwrap();
    other.execute("select pg_terminate_backend($1, 5000)", &[&pid(&died).await]).await.unwrap();
    died.simple_query("").await.unwrap_err();
    drop(died);
    let later = all_of(&pool, 3).await;
    assert!(later.iter().all(|pid| !first.contains(pid)), "{first:?} {later:?}");
}

/// As after a deadline: the question is still asked, and whoever came next would wait for its answer.
#[tokio::test]
async fn a_connection_with_a_question_that_nobody_waits_for_is_not_lent_again() {
    let scratch = Scratch::new().await;
    let pool = pool(&scratch.connector(), Role::List, 4).unwrap();
    let busy = pool.get().await.unwrap();
    let one = pid(&busy).await;
    busy.asking();
    timeout(Duration::from_millis(20), busy.simple_query("select pg_sleep(60)")).await.unwrap_err();
    drop(busy);
    let next = pool.get().await.unwrap();
    assert_ne!(pid(&next).await, one);
}

#[tokio::test]
async fn a_pool_is_never_larger_than_it_may_be() {
    let scratch = Scratch::new().await;
    let limits = Limits { lists_max: 1, pool_wait_max: Duration::from_millis(50), ..Limits::default() };
    let pool = pool(&Connector::new(&scratch.address(), &limits).unwrap(), Role::List, limits.lists_max).unwrap();
    let _only = pool.get().await.unwrap();
    let refused = pool.get().await.map(drop).map_err(error).unwrap_err();
    assert_eq!(refused.to_string(), "all connections to the database are in use");
}
