use super::super::scratch::Scratch;
use super::*;
use orderpark_testbed::{BrokerKind, BrokerServer, upstream};
use tokio::net::TcpListener;
use tokio_postgres::error::SqlState;

fn refusal(url: &str) -> String {
    url.parse::<Address>().unwrap_err()
}

#[test]
fn an_address_is_shown_without_its_password() {
    let url = "postgres://orderpark:s%2Fcret%3F@db1:5433,db2/orders?schema=park&sslmode=verify-full&password=s/cret?";
    let address: Address = url.parse().unwrap();
    assert_eq!(address.to_string(), "postgres://orderpark@db1:5433,db2:5432/orders?schema=park");
    assert!(!format!("{address:?} {address} {:?}", address.targets()[0].config).contains("cret"));
    assert_eq!(address.targets()[0].config.get_password(), Some(b"s/cret?".as_slice()));
    assert_eq!(address.clone().with_password("new").targets()[1].config.get_password(), Some(b"new".as_slice()));
    assert_ne!(address.clone(), address.with_password("new"));
}

#[test]
fn only_this_machine_is_spoken_to_plainly() {
    let encrypted = |url: &str| {
        let targets = url.parse::<Address>().unwrap().targets();
        targets.into_iter().map(|target| (target.name, target.tls)).collect::<Vec<_>>()
    };
    let named = |name: &str, tls| (name.to_owned(), tls);
    assert_eq!(encrypted("postgres://u@localhost/d"), [named("localhost:5432", false)]);
    assert_eq!(
        encrypted("postgresql://u@127.8.0.1:7,[::1]:8/d"),
        [named("127.8.0.1:7", false), named("[::1]:8", false)]
    );
    assert_eq!(encrypted("postgres://u@localhost/d?sslmode=require"), [named("localhost:5432", true)]);
    assert_eq!(encrypted("postgres://u@db,127.0.0.1/d"), [named("db:5432", true), named("127.0.0.1:5432", false)]);
    assert_eq!(encrypted("postgres://u@db/d?sslmode=disable"), [named("db:5432", false)]);
    assert_eq!(encrypted("postgres://u@%2Frun%2Fpg/d?sslmode=require"), [named("/run/pg:5432", false)]);
}

#[test]
fn what_an_address_cannot_say_is_refused() {
    assert!(refusal("host=db user=u").contains("is written postgres://"));
    assert!(refusal("postgres://u@/d").contains("no host"));
    assert!(refusal("postgres://db/d").contains("no user"));
    assert!(refusal("postgres://u@db").contains("no database"));
    assert!(refusal("postgres://u@a:1,b:2,c:3/d?port=1,2").contains("port"));
    for (parameter, word) in [
        ("sslmode=prefer", "disable, require or verify-full"),
        ("sslmode=verify-ca", "disable, require or verify-full"),
        ("sslrootcert=", "names no file"),
        ("schema=Park", "plain name"),
        ("schema=a,b", "plain name"),
        ("schema=1a", "plain name"),
        ("schema=", "plain name"),
        ("target_session_attrs=any", "only a primary"),
        ("options=-c%20fsync%3Doff", "set by this program"),
        ("connect_timeout=9", "set by this program"),
        ("sslkey=x", "not known"),
        ("nonsense", "NAME=VALUE"),
    ] {
        let said = refusal(&format!("postgres://u:secret@db/d?{parameter}"));
        assert!(said.contains(word) && !said.contains("secret"), "{parameter}: {said}");
    }
}

#[tokio::test]
async fn a_session_has_its_roles_settings_from_its_first_statement() {
    let scratch = Scratch::new().await;
    let setting = async |client: &Client, name: &str| -> String {
        client.query_one("select current_setting($1)", &[&name]).await.unwrap().get(0)
    };
    let writer = scratch.session(Role::Writer).await;
    for (name, value) in [
        ("application_name", "orderpark writer"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "1500ms"),
        ("default_transaction_isolation", "read committed"),
        ("transaction_read_only", "off"),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
    ] {
        assert_eq!(setting(&writer, name).await, value, "{name}");
    }
    let verify = scratch.session(Role::Verify).await;
    assert_eq!(setting(&verify, "statement_timeout").await, "0");
    assert_eq!(setting(&verify, "application_name").await, "orderpark verify");
    let reader = scratch.session(Role::Reader).await;
    let refused = reader.batch_execute("create table t ()").await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
}

#[tokio::test]
async fn a_schema_of_ones_own_is_where_unqualified_names_lead() {
    let scratch = Scratch::new().await;
    scratch.session(Role::Migrator).await.batch_execute("create schema park").await.unwrap();
    let address: Address = scratch.url("schema=park").parse().unwrap();
    let connector = Connector::new(&address, &Limits::default()).unwrap();
    let (mut client, wire) = connector.connect(Role::Migrator).await.unwrap();
    tokio::spawn(wire);
    super::super::migrate::migrate(&mut client).await.unwrap();
    let here = client.query_one("select to_regclass('park.head') is not null", &[]).await.unwrap();
    assert!(here.get::<_, bool>(0));
}

#[tokio::test]
async fn a_server_that_may_lose_what_it_confirmed_is_refused() {
    let scratch = Scratch::new().await;
    let settings = scratch.session(Role::Migrator).await;
    let database: String = settings.query_one("select current_database()::text", &[]).await.unwrap().get(0);
    let set = format!("alter database {database} set synchronous_commit = off");
    settings.batch_execute(&set).await.unwrap();
    let refused = scratch.connector().connect(Role::Writer).await.map(drop).unwrap_err();
    let told = "the server's setting synchronous_commit is off; it must be on";
    assert_eq!((refused.to_string().as_str(), refused.may_pass()), (told, false));
}

/// What a server says of itself, as the question's answer; only the listed places differ from a sound one.
#[test]
fn every_unsound_setting_is_named() {
    let sound = ["150018", "15.18", "on", "on", "on", "", "UTF8", "f"];
    let judged = |changes: &[(usize, &'static str)]| {
        let mut told = sound;
        for (at, value) in changes {
            told[*at] = value;
        }
        judge("db:5432", |at| told[at])
    };
    assert_eq!(judged(&[]), Ok(()));
    assert_eq!(judged(&[(4, "local")]), Ok(()));
    assert_eq!(judged(&[(4, "remote_apply"), (5, "*")]), Ok(()));
    assert_eq!(judged(&[(0, "140010"), (1, "14.10")]), Err(ConnectError::TooOld("14.10".into())));
    assert_eq!(judged(&[(7, "t")]), Err(ConnectError::Standby("db:5432".into())));
    let name = |changes| match judged(changes) {
        Err(ConnectError::Setting { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(&[(2, "off")]), "fsync");
    assert_eq!(name(&[(3, "off")]), "full_page_writes");
    assert_eq!(name(&[(4, "off")]), "synchronous_commit");
    assert_eq!(name(&[(4, "local"), (5, "ANY 1 (a, b)")]), "synchronous_commit");
    assert_eq!(name(&[(6, "LATIN1")]), "server_encoding");
}

/// A host that accepts and never says a word costs its share of the time, and the next one is still reached.
#[tokio::test]
async fn a_silent_host_does_not_hide_the_next_one() {
    let scratch = Scratch::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = scratch.url("").replace('@', &format!("@{},{gone},", silent.local_addr().unwrap()));
    let limits = Limits { connect_max: Duration::from_secs(1), ..Limits::default() };
    let (address, began): (Address, _) = (url.parse().unwrap(), Instant::now());
    drop(Connector::new(&address, &limits).unwrap().connect(Role::Reader).await.unwrap());
    assert!(began.elapsed() < limits.connect_max, "{:?}", began.elapsed());
    let url = format!("postgres://u:secret@{},{gone}/d", silent.local_addr().unwrap());
    let refused = Connector::new(&url.parse().unwrap(), &limits).unwrap().connect(Role::Reader).await;
    let told = refused.map(drop).unwrap_err().to_string();
    assert!(told.contains("did not answer in time") && told.contains("refused"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn what_will_not_pass_is_told_from_what_may() {
    let scratch = Scratch::new().await;
    let missing: Address = scratch.url("").replace("/scratch_", "/missing_").parse().unwrap();
    let refused = Connector::new(&missing, &Limits::default()).unwrap().connect(Role::Reader).await;
    let refused = refused.map(drop).unwrap_err();
    assert!(matches!(&refused, ConnectError::Rejected(why) if why.contains("does not exist")), "{refused}");
}

/// A database whose own defaults are what a migrator's session asks for.
async fn with_defaults() -> Scratch {
    let scratch = Scratch::new().await;
    let migrator = scratch.session(Role::Migrator).await;
    let database: String = migrator.query_one("select current_database()::text", &[]).await.unwrap().get(0);
    for (name, value) in scratch.connector().settings(Role::Migrator) {
        migrator.batch_execute(&format!("alter database {database} set {name} = '{value}'")).await.unwrap();
    }
    scratch
}

/// Debian's `PgBouncer`, in front of the server that tests use.
fn pooler(mode: &str, ignores_options: bool) -> BrokerServer {
    let (server, ignored) = (upstream(), if ignores_options { "options" } else { "extra_float_digits" });
    BrokerServer::configured(BrokerKind::PgBouncer, |_| {
        format!(
            "auth_type = any\npool_mode = {mode}\nignore_startup_parameters = {ignored}\n[databases]\n\
             * = host={} port={} user=orderpark\n",
            server.ip(),
            server.port()
        )
    })
}

async fn through(pooler: &BrokerServer, scratch: &Scratch, role: Role) -> Result<(), ConnectError> {
    let url = scratch.url("").replace(&upstream().to_string(), &format!("127.0.0.1:{}", pooler.port()));
    let connector = Connector::new(&url.parse().unwrap(), &Limits::default()).unwrap();
    connector.connect(role).await.map(drop)
}

#[tokio::test]
async fn a_pooler_must_pass_the_settings_on_and_give_each_session_a_connection_of_its_own() {
    let (plain, alike) = (Scratch::new().await, with_defaults().await);
    for mode in ["session", "transaction", "statement"] {
        let strict = pooler(mode, false);
        for scratch in [&plain, &alike] {
            let refused = through(&strict, scratch, Role::Migrator).await.unwrap_err();
            assert!(refused.to_string().contains("options"), "{mode}: {refused}");
        }
        let lax = pooler(mode, true);
        for role in [Role::Writer, Role::Reader, Role::List, Role::Keeper, Role::Listener, Role::Copier, Role::Verify] {
            let refused = through(&lax, &plain, role).await.unwrap_err();
            assert!(matches!(refused, ConnectError::Session { .. }), "{mode}, {role}: {refused}");
        }
        let passed = through(&lax, &alike, Role::Migrator).await;
        match (mode, &passed) {
            ("session", Ok(())) | ("transaction", Err(ConnectError::Pooled(_))) => {}
            ("statement", Err(refused)) => assert!(refused.to_string().contains("must pool sessions"), "{refused}"),
            _ => panic!("{mode}: {passed:?}"),
        }
        let refused = through(&lax, &alike, Role::Writer).await.unwrap_err();
        let told = "as was asked for: a pooler in between must pass the session's settings on (docs/postgresql.md)";
        assert!(refused.to_string().ends_with(told) && !refused.may_pass(), "{refused}");
    }
}
