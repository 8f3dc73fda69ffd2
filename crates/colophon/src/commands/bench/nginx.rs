//! nginx with a static file, as the yardstick of look-ups.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::client::Connection;
use super::folder::Folder;
use super::server::terminate;

/// nginx in the foreground.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    /// `host:port`.
    pub address: String,
}

impl Nginx {
    /// Serves `body` as `/file.json`; `None` where nginx is not in the `PATH`.
    pub async fn start(folder: &Folder, body: &[u8]) -> anyhow::Result<Option<Self>> {
        let root = folder.file("nginx");
        fs::create_dir_all(root.join("files"))?;
        fs::write(root.join("files/file.json"), body)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let root_path = root.display();
        // Workers of root become `nobody`, who may not read our folder.
        let user = if fs::metadata(&root)?.uid() == 0 {
            "user root;"
        } else {
            ""
        };
        // Debian's defaults for what matters: a worker a core, sendfile, an access log.
        fs::write(
            root.join("nginx.conf"),
            format!(
                "daemon off; worker_processes auto; pid {root_path}/pid; error_log {root_path}/error.log; {user}\n\
                 events {{ worker_connections 768; }}\n\
                 http {{ sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/json;\n\
                 access_log {root_path}/access.log; client_body_temp_path {root_path}/body;\n\
                 proxy_temp_path {root_path}/proxy; fastcgi_temp_path {root_path}/fastcgi;\n\
                 uwsgi_temp_path {root_path}/uwsgi; scgi_temp_path {root_path}/scgi;\n\
                 server {{ listen {address}; root {root_path}/files; }} }}\n"
            ),
        )?;
        let spawned = Command::new("nginx")
            .args([
                "-p",
                &root_path.to_string(),
                "-e",
                "error.log",
                "-c",
                "nginx.conf",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(child) = spawned else {
            crate::terminal::warn("nginx is not installed: look-ups are shown without it");
            return Ok(None);
        };
        for _ in 0..100 {
            if Connection::open(&address).await.is_ok() {
                return Ok(Some(Self { child, address }));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("nginx did not start: see {root_path}/error.log")
    }

    /// Asks it to finish, and waits.
    pub async fn stop(self) -> anyhow::Result<()> {
        terminate(self.child).await
    }
}
