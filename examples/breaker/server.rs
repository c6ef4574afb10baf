//! A server that does what it is told: answers, answers that it is down, or hangs. And how it is asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A client that sends nothing must not hold the server up.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mood {
    Up,
    Down,
    Hanging,
    /// It takes no more connections.
    Stopped,
}

impl Mood {
    fn of(byte: u8) -> Self {
        [Self::Up, Self::Down, Self::Hanging].into_iter().find(|mood| *mood as u8 == byte).unwrap_or(Self::Stopped)
    }

    pub fn in_words(self) -> &'static str {
        match self {
            Self::Up => "is up",
            Self::Down => "answers that it is down",
            Self::Hanging => "hangs",
            Self::Stopped => "is gone",
        }
    }
}

pub struct Server {
    address: SocketAddr,
    mood: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, mood) = (listener.local_addr()?, Arc::new(AtomicU8::new(Mood::Up as u8)));
        let thread = thread::Builder::new().name("server".into()).spawn({
            let mood = Arc::clone(&mood);
            move || serve(&listener, &mood)
        })?;
        Ok(Self { address, mood, thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn become_(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.become_(Mood::Stopped);
        // It looks at its mood when somebody connects.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, mood: &AtomicU8) {
    // Those who hear nothing as long as it hangs.
    let mut held = Vec::new();
    for stream in listener.incoming() {
        let mood = Mood::of(mood.load(Ordering::SeqCst));
        if mood != Mood::Hanging {
            held.clear();
        }
        let Ok(stream) = stream else { continue };
        // Who hangs up in the middle is no concern of the server's.
        let _ = match mood {
            Mood::Up => answer(stream, "pong\n"),
            Mood::Down => answer(stream, "down\n"),
            Mood::Hanging => {
                held.push(stream);
                Ok(())
            }
            Mood::Stopped => return,
        };
    }
}

fn answer(mut stream: TcpStream, words: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut ping = [0; 5];
    stream.read_exact(&mut ping)?;
    stream.write_all(words.as_bytes())
}

/// Asks the server once, and waits for its answer until the time is over.
pub fn ask(address: SocketAddr, timeout: Duration) -> io::Result<()> {
    let end = Instant::now() + timeout;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    let left = end.saturating_duration_since(Instant::now()).max(Duration::from_micros(1));
    stream.set_read_timeout(Some(left))?;
    stream.write_all(b"ping\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    match line.as_str() {
        "pong\n" => Ok(()),
        _ => Err(io::Error::other("the server says that it is down")),
    }
}
