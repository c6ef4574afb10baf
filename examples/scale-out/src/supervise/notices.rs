//! What an instance tells of itself, by the protocol of systemd: datagrams of lines `KEY=VALUE` to the socket that
//! NOTIFY_SOCKET names.

use std::io;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::UnixDatagram;

#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    Ready,
    /// It drains, whoever has told it to.
    Stopping,
}

/// Each start of an instance has a socket of its own, so it is known who speaks.
#[derive(Debug)]
pub(super) struct Notices {
    socket: UnixDatagram,
    folder: TempDir,
}

const NAME: &str = "notify";
/// A notice has some ten bytes.
const LONGEST: usize = 4_096;

impl Notices {
    pub(super) fn open() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("scale-out-").tempdir()?;
        let socket = UnixDatagram::bind(folder.path().join(NAME))?;
        Ok(Self { socket, folder })
    }

    pub(super) fn path(&self) -> Box<Path> {
        self.folder.path().join(NAME).into()
    }

    pub(super) async fn next(&self) -> io::Result<Notice> {
        loop {
            self.socket.readable().await?;
            match self.receive() {
                Ok(Some(notice)) => return Ok(notice),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// `Ok(None)` for what we do not listen to.
    fn receive(&self) -> io::Result<Option<Notice>> {
        let mut buffer = [0; LONGEST];
        let length = self.socket.try_recv(&mut buffer)?;
        Ok(buffer[..length].split(|&byte| byte == b'\n').find_map(Notice::of))
    }
}

impl Notice {
    fn of(line: &[u8]) -> Option<Self> {
        match line {
            b"READY=1" => Some(Self::Ready),
            b"STOPPING=1" => Some(Self::Stopping),
            _ => None,
        }
    }
}
