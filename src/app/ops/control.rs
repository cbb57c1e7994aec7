//! The control socket of the running bot: a Unix socket beside the data file. A caller sends one
//! line and gets the answer until the end of the stream.
//!
//! Invariant: only the user who runs the bot, or root, gets an answer.

use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::Ctx;
use crate::app::ops::{claim, status};

/// Longest wait for a caller's line, and for the bot's answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest line of a caller.
const LINE: u64 = 1024;

/// Where the socket of a data file is.
pub(crate) fn socket_of(data_file: &Path) -> PathBuf {
    let mut name = data_file.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}

/// Listens until `stop`. Where the socket cannot be made, the bot runs without it.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let path = socket_of(&ctx.engine.settings().config.data.file);
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            warn!(path:% = path.display(), err:% = error; "no control socket: `svs-bot status` will not reach this bot");
            stop.cancelled().await;
            return Ok(());
        }
    };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            // One caller at a time, each within its deadline, is enough for an operator.
            Ok((stream, _)) => match timeout(PATIENCE, serve(&ctx, stream)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(err:% = error; "control call failed"),
                Err(_) => debug!("control call timed out"),
            },
            Err(error) => {
                warn!(err:% = error; "control socket failed");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
    drop(listener);
    // Left behind it would only be replaced at the next start.
    drop(std::fs::remove_file(&path));
    Ok(())
}

/// The lock on the data file is ours, so a socket that is there already is a dead bot's.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn serve(ctx: &Ctx, mut stream: UnixStream) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self")?);
    if peer != own && peer != 0 {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    BufReader::new(reader.take(LINE))
        .read_line(&mut line)
        .await?;
    let answer = match line.trim() {
        "status" => serde_json::to_string(&status::of(ctx).await).map_err(io::Error::other)?,
        "claim" => {
            let offer = claim::offer(ctx).await.map_err(io::Error::other)?;
            serde_json::to_string(&offer).map_err(io::Error::other)?
        }
        _ => String::from("unknown"),
    };
    writer.write_all(answer.as_bytes()).await?;
    writer.shutdown().await
}

/// Asks the bot that runs on `data_file`; an error of kind `NotFound` or `ConnectionRefused` means
/// that none does.
pub(crate) fn ask(data_file: &Path, line: &str) -> io::Result<String> {
    let mut stream = BlockingStream::connect(socket_of(data_file))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
