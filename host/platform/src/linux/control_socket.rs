//! The control socket: a Unix socket that only its owner and root may use, checked on both ends.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::channel::{ChannelReader, ChannelWriter};

/// The name of the socket in the data directory.
const SOCKET_FILE: &str = "control.sock";
/// Bytes of the longest path that fits the address of a Unix socket on Linux, without the final NUL.
const MAX_ADDRESS_BYTES: usize = 107;
/// Clients that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemUser(u32);

/// The process at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub user: SystemUser,
    pub process: Option<i32>,
}

/// A connection on the control socket.
#[derive(Debug)]
pub struct ControlStream(UnixStream);

impl ControlStream {
    /// Splits the connection into its two directions.
    pub fn into_split(self) -> (ChannelReader, ChannelWriter) {
        let (reader, writer) = self.0.into_split();
        (ChannelReader(reader), ChannelWriter(writer))
    }
}

impl From<UnixStream> for ControlStream {
    fn from(stream: UnixStream) -> Self {
        Self(stream)
    }
}

/// The listening socket. Its file is removed with this value.
#[derive(Debug)]
pub struct ControlListener {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file, so that only this socket's own file is removed.
    file: (u64, u64),
}

/// Why a client cannot use the control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlConnectError {
    /// No socket exists, or no host listens on it.
    #[error("no host listens on the control socket")]
    NotListening,
    #[error(
        "the control socket {} belongs to {owner}, and this command runs as {user}: run it as {owner}, or stop the \
         program of {owner} and remove the socket if it should not be there",
        path.display()
    )]
    ForeignOwner { path: PathBuf, owner: SystemUser, user: SystemUser },
    #[error(
        "the control socket {} is not accessible to {user}; run this command as the {} of the data directory, or \
         as root",
        path.display(),
        owner.map_or_else(|| "owner".to_owned(), |owner| format!("owner ({owner})"))
    )]
    NoAccess { path: PathBuf, owner: Option<SystemUser>, user: SystemUser },
    #[error("the control socket {} cannot be used", path.display())]
    Failed { path: PathBuf, source: io::Error },
}

impl SystemUser {
    const ROOT: Self = Self(0);

    /// Returns the effective user of this process.
    pub fn current() -> Self {
        Self(rustix::process::geteuid().as_raw())
    }

    fn owner_of(metadata: &std::fs::Metadata) -> Self {
        Self(metadata.uid())
    }

    /// The name in `/etc/passwd`; `None` for a user of another directory service.
    fn name(self) -> Option<String> {
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        let id = self.0.to_string();
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == id).then(|| name.to_owned())
        })
    }
}

impl fmt::Display for SystemUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "user {name}"),
            None => write!(f, "user {}", self.0),
        }
    }
}

impl Peer {
    /// Returns the process at the other end, as the kernel knows it.
    pub fn of(stream: &ControlStream) -> io::Result<Self> {
        let credentials = stream.0.peer_cred()?;
        Ok(Self { user: SystemUser(credentials.uid()), process: credentials.pid() })
    }

    /// Returns whether a host of this user serves the peer.
    pub fn is_allowed(self) -> bool {
        self.user == SystemUser::current() || self.user == SystemUser::ROOT
    }
}

impl ControlListener {
    /// Listens in a data directory whose lock this process holds: a socket that is there already is stale.
    pub fn bind(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET_FILE);
        remove_stale(&path)?;
        let address = Address::of(directory)?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(&address.path)?;
        // Nobody can connect before `listen`, so the permissions are never too wide.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let listener = socket.listen(BACKLOG)?;
        let metadata = path.symlink_metadata()?;
        Ok(Self { listener, path, file: (metadata.dev(), metadata.ino()) })
    }

    /// Accepts the next client.
    pub async fn accept(&self) -> io::Result<(ControlStream, Peer)> {
        let (stream, _) = self.listener.accept().await?;
        let stream = ControlStream(stream);
        let peer = Peer::of(&stream)?;
        Ok((stream, peer))
    }
}

impl Drop for ControlListener {
    fn drop(&mut self) {
        let is_ours = |found: std::fs::Metadata| (found.dev(), found.ino()) == self.file;
        if self.path.symlink_metadata().is_ok_and(is_ours) {
            // A file that stays is stale, and the next start removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{} is not a socket: move it away", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Connects to the host that uses a data directory.
///
/// The socket must belong to this user. Root also uses the socket of the user who owns the data directory.
pub async fn connect_control(directory: &Path) -> Result<ControlStream, ControlConnectError> {
    let path = directory.join(SOCKET_FILE);
    let failed = |source| ControlConnectError::Failed { path: path.clone(), source };
    let user = SystemUser::current();
    let directory_owner = match directory.metadata() {
        Ok(metadata) => SystemUser::owner_of(&metadata),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                return Err(ControlConnectError::NotListening);
            }
            io::ErrorKind::PermissionDenied => {
                return Err(ControlConnectError::NoAccess { path, owner: None, user });
            }
            _ => return Err(failed(error)),
        },
    };
    let owner = match path.symlink_metadata() {
        Ok(metadata) if metadata.file_type().is_socket() => SystemUser::owner_of(&metadata),
        Ok(_) => return Err(ControlConnectError::NotListening),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                return Err(ControlConnectError::NotListening);
            }
            io::ErrorKind::PermissionDenied => {
                return Err(ControlConnectError::NoAccess { path, owner: Some(directory_owner), user });
            }
            _ => return Err(failed(error)),
        },
    };
    let is_trusted = |it: SystemUser| it == user || (user == SystemUser::ROOT && it == directory_owner);
    if !is_trusted(owner) {
        return Err(ControlConnectError::ForeignOwner { path, owner, user });
    }
    let address = Address::of(directory).map_err(failed)?;
    let stream = match UnixStream::connect(&address.path).await {
        Ok(stream) => ControlStream(stream),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                return Err(ControlConnectError::NotListening);
            }
            io::ErrorKind::PermissionDenied => {
                return Err(ControlConnectError::NoAccess { path, owner: Some(owner), user });
            }
            _ => return Err(failed(error)),
        },
    };
    // The owner of the file may differ from the user that listens, whom the kernel knows.
    let listener = Peer::of(&stream).map_err(failed)?.user;
    if !is_trusted(listener) {
        return Err(ControlConnectError::ForeignOwner { path, owner: listener, user });
    }
    Ok(stream)
}

/// A path to the socket that fits the address of a Unix socket.
struct Address {
    path: PathBuf,
    /// Keeps the short path through `/proc` valid.
    _directory: Option<OwnedFd>,
}

impl Address {
    fn of(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET_FILE);
        if path.as_os_str().as_bytes().len() <= MAX_ADDRESS_BYTES {
            return Ok(Self { path, _directory: None });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(directory, flags, Mode::empty())?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
        if short.symlink_metadata().is_err() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidFilename,
                "the path is too long for a socket, and /proc is not there to shorten it: use a shorter data directory",
            ));
        }
        Ok(Self { path: short.join(SOCKET_FILE), _directory: Some(directory) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connects(directory: &Path) {
        let listener = ControlListener::bind(directory).unwrap();
        let (client, accepted) = tokio::join!(connect_control(directory), listener.accept());
        client.unwrap();
        assert!(accepted.unwrap().1.is_allowed());
    }

    #[tokio::test]
    async fn a_socket_is_private_and_its_file_goes_with_the_listener() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(SOCKET_FILE);
        let listener = ControlListener::bind(directory.path()).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn a_directory_with_a_long_path_has_a_socket_too() {
        let top = tempfile::tempdir().unwrap();
        let mut directory = top.path().to_owned();
        for _ in 0..10 {
            directory.push("a-directory-with-a-long-name");
        }
        std::fs::create_dir_all(&directory).unwrap();
        connects(&directory).await;
    }

    #[tokio::test]
    async fn a_stale_socket_is_ignored_by_clients_and_replaced_by_a_host() {
        let directory = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(directory.path().join(SOCKET_FILE)).unwrap());
        assert!(matches!(connect_control(directory.path()).await, Err(ControlConnectError::NotListening)));
        connects(directory.path()).await;
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_socket_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(SOCKET_FILE);
        std::fs::write(&file, "notes").unwrap();
        let refused = ControlListener::bind(directory.path()).unwrap_err().to_string();
        assert!(refused.ends_with("is not a socket: move it away"), "{refused}");
        assert!(matches!(connect_control(directory.path()).await, Err(ControlConnectError::NotListening)));
        assert_eq!(std::fs::read(&file).unwrap(), b"notes");
    }
}
