//! Runs tokio-websockets as an echo server or as a client of a fuzzing server.
//!
//!     tokio-websockets serve
//!     tokio-websockets drive URL AGENT

use std::time::Duration;
use std::{env, io, process, thread};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Limits, MaybeTlsStream, Message, ServerBuilder, WebSocketStream};

type Failure = Box<dyn std::error::Error>;

fn limits() -> Limits {
    Limits::default().max_payload_len(Some(32 << 20))
}

/// Sends every message back, if answer is true, until the connection ends. Returns the last
/// message.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    answer: bool,
) -> Option<Message> {
    let mut last = None;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            last = Some(message.clone());
            if answer && socket.send(message).await.is_err() {
                break;
            }
        }
    }
    last
}

async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Ok((_, mut socket)) = ServerBuilder::new().limits(limits()).accept(stream).await {
                echo(&mut socket, true).await;
            }
        });
    }
}

async fn run(url: &str, answer: bool) -> Result<Option<Message>, Failure> {
    let builder = ClientBuilder::new().uri(url)?.limits(limits());
    let connecting = timeout(Duration::from_secs(10), builder.connect());
    let mut socket: WebSocketStream<MaybeTlsStream<TcpStream>> = connecting.await??.0;
    Ok(timeout(Duration::from_secs(180), echo(&mut socket, answer)).await?)
}

async fn drive(base: &str, agent: &str) -> Result<(), Failure> {
    let count = run(&format!("{base}/getCaseCount"), false).await?;
    let count = count.as_ref().and_then(|m| m.as_text());
    let count: usize = count.ok_or("the server sent no number of cases")?.parse()?;
    let agent: String = agent.bytes().map(|b| format!("%{b:02X}")).collect();
    for n in 1..=count {
        let url = format!("{base}/runCase?case={n}&agent={agent}");
        // The case has its own task, because the library may panic.
        let case = tokio::spawn(async move { run(&url, true).await.map(|_| ()).map_err(|e| e.to_string()) });
        if let Err(e) = case.await.unwrap_or_else(|e| Err(e.to_string())) {
            println!("case number {n}: {e}");
        }
    }
    run(&format!("{base}/updateReports?agent={agent}"), true).await?;
    Ok(())
}

fn main() -> Result<(), Failure> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    let args: Vec<String> = env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args[1].as_str() {
        "serve" => runtime.block_on(serve()),
        _ => runtime.block_on(drive(&args[2], &args[3])),
    }
}
