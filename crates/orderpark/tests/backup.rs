//! Backup and restore as the manual has them, word for word, beside orders; and a restore that
//! forgets the write-ahead log.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod harness;

use harness::Deployment;
use harness::program::{program, run, stderr};
use harness::world::{ORDERS, World};
use orderpark_testbed::Engine;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../../../docs/operations.md");
/// Copying so little takes a blink, unless it begins again and again.
const BACKUP_MAX: Duration = Duration::from_secs(30);

/// The commands below a heading of the page.
fn commands(heading: &str) -> &'static str {
    let section = PAGE.split_once(&format!("\n## {heading}\n")).unwrap().1;
    section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0
}

fn carry_out(heading: &str, data: &Path, backup: &Path) {
    let folder = Path::new(env!("CARGO_BIN_EXE_orderpark")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display());
    let script = format!("set -e\n{}", commands(heading));
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).env("PATH", path).env("DATA", data).env("BACKUP", backup);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{heading}: {}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
}

fn order(deployment: &Deployment, world: &World, times: usize) {
    let mut connection = deployment.connect();
    for _ in 0..times {
        connection.exchange(&world.place(&world.subscribers[0], 1, None).bytes()).unwrap().done();
    }
}

fn count(deployment: &Deployment, world: &World) -> usize {
    let request = harness::http::get(&format!("{ORDERS}?limit=200")).bearer(&world.vendor);
    deployment.connect().exchange(&request.bytes()).unwrap().done().as_array().unwrap().len()
}

#[test]
fn the_backup_of_the_manual_ends_beside_orders_is_private_and_can_be_restored() {
    let mut deployment = Deployment::on(Engine::Sqlite, &[]);
    let (world, data) = (World::make(&deployment, 1), deployment.data());
    order(&deployment, &world, 100);
    let backup = data.join("backup");
    let stop = AtomicBool::new(false);
    let took = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                order(&deployment, &world, 1);
            }
        });
        let begun = Instant::now();
        carry_out("Backup", &data, &backup);
        stop.store(true, Ordering::SeqCst);
        begun.elapsed()
    });
    assert!(took < BACKUP_MAX, "{took:?}");
    for file in ["orderpark.db", "secret.key", "signing.key"] {
        assert_eq!(fs::metadata(backup.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    order(&deployment, &world, 20);
    deployment.kill();
    carry_out("Restore", &data, &backup);
    deployment.restart();
    let restored = count(&deployment, &world);
    assert!((100..200).contains(&restored), "{restored}");
    order(&deployment, &world, 1);
    deployment.verify();
}

/// A deployment that was killed, with a backup of before.
fn killed() -> (Deployment, PathBuf) {
    let mut deployment = Deployment::on(Engine::Sqlite, &[]);
    let world = World::make(&deployment, 1);
    order(&deployment, &world, 60);
    let backup = deployment.data().join("backup");
    carry_out("Backup", &deployment.data(), &backup);
    // From here on the log holds some pages and not all.
    let file = deployment.data().join("orderpark.db");
    assert!(Command::new("sqlite3").arg(file).arg("pragma wal_checkpoint(truncate)").status().unwrap().success());
    order(&deployment, &world, 60);
    deployment.kill();
    (deployment, backup.join("orderpark.db"))
}

#[test]
fn a_log_that_was_left_beside_a_restored_file_is_named_and_nothing_is_changed() {
    let (deployment, backup) = killed();
    let (data, file) = (deployment.data(), deployment.data().join("orderpark.db"));
    fs::copy(&backup, &file).unwrap();
    let verified = run(&["verify", "--database", &deployment.database_url()]);
    let said = format!("{}{}", String::from_utf8_lossy(&verified.stdout), stderr(&verified));
    assert!(!verified.status.success() && said.contains("orderpark.db-wal"), "{said}");
    let served = program(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let Err((status, said)) = harness::program::Running::attempt(served) else { panic!("it serves") };
    assert!(!status.success() && said.contains("orderpark.db-wal"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), fs::read(&backup).unwrap(), "the backup that was put there is whole");
    for left in ["orderpark.db-wal", "orderpark.db-shm"] {
        fs::remove_file(data.join(left)).unwrap();
    }
    deployment.verify();
}

#[test]
fn a_whole_log_that_undoes_a_restore_is_told() {
    let mut deployment = Deployment::on(Engine::Sqlite, &[]);
    let (world, file) = (World::make(&deployment, 1), deployment.data().join("orderpark.db"));
    let backup = deployment.data().join("backup");
    carry_out("Backup", &deployment.data(), &backup);
    order(&deployment, &world, 3);
    deployment.kill();
    fs::copy(backup.join("orderpark.db"), file).unwrap();
    let verified = run(&["verify", "--database", &deployment.database_url()]);
    let said = format!("{}{}", String::from_utf8_lossy(&verified.stdout), stderr(&verified));
    assert!(said.contains("orderpark.db-wal"), "{said}");
}

#[test]
fn a_log_that_a_crash_left_beside_its_own_file_is_used_however_the_file_was_touched() {
    let (mut deployment, _) = killed();
    let file = fs::File::options().append(true).open(deployment.data().join("orderpark.db")).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    deployment.restart();
    deployment.verify();
}

/// As a backup on a file system that is read-only, or one that belongs to somebody else.
#[test]
fn a_file_that_nobody_may_write_beside_is_verified() {
    let (mut deployment, backup) = killed();
    deployment.restart();
    deployment.stop();
    for file in [deployment.data().join("orderpark.db"), backup] {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("a%20b?#.db");
        fs::copy(file, &copy).unwrap();
        // A socket where SQLite would make its files: not even root can write there.
        for beside in ["wal", "shm"] {
            std::os::unix::net::UnixListener::bind(format!("{}-{beside}", copy.display())).unwrap();
        }
        let verified = run(&["verify", "--database", &format!("sqlite:{}", copy.display())]);
        assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    }
}

#[test]
fn a_database_of_an_older_schema_is_told_apart_from_a_broken_one() {
    let (mut deployment, _) = killed();
    deployment.restart();
    deployment.stop();
    let file = deployment.data().join("orderpark.db");
    let sql = "delete from refinery_schema_history where version = 5;";
    assert!(Command::new("sqlite3").arg(&file).arg(sql).status().unwrap().success());
    let verified = run(&["verify", "--database", &deployment.database_url()]);
    let said = stderr(&verified);
    assert!(
        verified.status.code() == Some(2) && said.contains("schema version 4") && said.contains("orderpark migrate"),
        "{said}"
    );
}
