//! Reverse proxies of a test's own: Debian's, each one process on a port of this machine.

use orderpark_testbed::{find, free_port};
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_MAX: Duration = Duration::from_secs(30);
const PAGE: &str = include_str!("../../../../docs/reverse-proxy.md");

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Haproxy,
    Apache,
    Caddy,
}

/// A proxy that runs; killed and removed when this is dropped.
pub struct Proxy {
    child: Child,
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Proxy {
    /// With nothing said that need not be said.
    pub fn plain(kind: Kind, to: SocketAddr) -> Proxy {
        Proxy::start(kind, |at| match kind {
            Kind::Nginx => format!("server {{ listen {at}; location / {{ proxy_pass http://{to}; }} }}"),
            Kind::Haproxy => format!(
                "defaults\n mode http\n timeout connect 5s\n timeout client 50s\n timeout server 50s\n\
                 frontend front\n bind {at}\n default_backend back\nbackend back\n server node1 {to}\n"
            ),
            Kind::Apache => format!("<VirtualHost {at}>\nProxyPass / http://{to}/\n</VirtualHost>"),
            Kind::Caddy => format!("http://localhost:{} {{\n reverse_proxy {to}\n}}", at.port()),
        })
    }

    /// As docs/reverse-proxy.md says, without TLS.
    pub fn of_the_page(kind: Kind, to: SocketAddr) -> Proxy {
        let name = format!("```{kind:?}\n").to_lowercase();
        let block =
            PAGE.split_once(&name).and_then(|(_, rest)| rest.split_once("```")).expect("a block of this name").0;
        let lines = block.lines().filter(|line| !line.contains("SSL") && !line.contains("ssl_"));
        let text =
            lines.fold(String::new(), |text, line| text + line + "\n").replace("127.0.0.1:8080", &to.to_string());
        Proxy::start(kind, |at| {
            let https = match kind {
                Kind::Nginx => "443 ssl",
                Kind::Haproxy => ":443 ssl crt /etc/haproxy/orders.pem",
                Kind::Apache => "*:443",
                Kind::Caddy => "orders.example.com",
            };
            assert!(text.contains(https), "{text}");
            let http = if kind == Kind::Caddy { format!("http://localhost:{}", at.port()) } else { at.to_string() };
            text.replace(https, &http)
        })
    }

    /// With this site, which is told where to listen.
    pub fn start(kind: Kind, site: impl FnOnce(SocketAddr) -> String) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        // Where the tests run as root, the proxy may not, and it writes long bodies down.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let file = folder.path().join("Caddyfile");
        fs::write(&file, around(kind, folder.path(), address) + &site(address) + closing(kind)).unwrap();
        let mut child = command(kind, folder.path(), &file).stdin(Stdio::null()).spawn().expect("a proxy");
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(child.try_wait().unwrap().is_none() && begun.elapsed() < START_MAX, "{kind:?} does not start");
            std::thread::yield_now();
        }
        Proxy { child, address, _folder: folder }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it as one process, so that none is left when it is killed.
fn command(kind: Kind, folder: &Path, file: &Path) -> Command {
    let program = match kind {
        Kind::Nginx => "nginx",
        Kind::Haproxy => "haproxy",
        Kind::Apache => "apache2",
        Kind::Caddy => "caddy",
    };
    let mut command = Command::new(find(program));
    match kind {
        Kind::Nginx => command.arg("-e").arg(folder.join("errors")).arg("-c").arg(file),
        Kind::Haproxy => command.args(["-db", "-q", "-f"]).arg(file),
        Kind::Apache => command.args(["-X", "-f"]).arg(file),
        Kind::Caddy => command.args(["run", "--config"]).arg(file).env("HOME", folder).stderr(Stdio::null()),
    };
    command
}

/// The rest of a proxy's configuration file, besides its site.
fn around(kind: Kind, folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    match kind {
        Kind::Nginx => {
            let mut temporary = String::new();
            for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
                writeln!(temporary, "{name}_temp_path {folder}/{name};").unwrap();
            }
            format!(
                "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n\
                 http {{ access_log off; {temporary}"
            )
        }
        Kind::Haproxy => String::new(),
        Kind::Apache => {
            let mut loaded = String::new();
            for module in ["mpm_event", "authz_core", "headers", "proxy", "proxy_http"] {
                writeln!(loaded, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so").unwrap();
            }
            format!(
                "ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\nErrorLog {folder}/errors\n\
                 ServerName localhost\nUser www-data\nGroup www-data\nListen {address}\n{loaded}"
            )
        }
        Kind::Caddy => "{\n admin off\n auto_https off\n default_bind 127.0.0.1\n}\n".to_owned(),
    }
}

fn closing(kind: Kind) -> &'static str {
    if kind == Kind::Nginx { "}\n" } else { "\n" }
}
