//! Runs tungstenite as an echo server or as a client of a fuzzing server.
//!
//!     tungstenite serve
//!     tungstenite drive URL AGENT

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use std::{env, io, process, thread};

use tungstenite::protocol::WebSocketConfig;
use tungstenite::{accept_with_config, client::client_with_config, Error, Message, WebSocket};

const MAX_MESSAGE: usize = 32 << 20;

fn config() -> Option<WebSocketConfig> {
    Some(
        WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE)),
    )
}

/// Sends every message back until the connection ends.
fn echo<S: Read + Write>(socket: &mut WebSocket<S>) {
    loop {
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if socket.send(message).is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_)) => return,
            Err(_) => return,
        }
    }
}

fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?.port());
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            let _ = stream.set_nodelay(true);
            if let Ok(mut socket) = accept_with_config(stream, config()) {
                echo(&mut socket);
            }
        });
    }
    Ok(())
}

fn dial(host: &str, path: &str) -> Result<WebSocket<TcpStream>, String> {
    let stream = TcpStream::connect(host).map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let limit = Some(Duration::from_secs(180));
    stream.set_read_timeout(limit).map_err(|e| e.to_string())?;
    stream.set_write_timeout(limit).map_err(|e| e.to_string())?;
    match client_with_config(format!("ws://{host}{path}"), stream, config()) {
        Ok((socket, _)) => Ok(socket),
        Err(e) => Err(e.to_string()),
    }
}

fn drive(base: &str, agent: &str) -> Result<(), String> {
    let host = base.trim_start_matches("ws://");
    let mut socket = dial(host, "/getCaseCount")?;
    let text = socket.read().map_err(|e| e.to_string())?;
    let count = text.to_text().map_err(|e| e.to_string())?.parse::<usize>();
    let count = count.map_err(|_| "the server sent no number of cases")?;
    echo(&mut socket);
    let agent: String = agent.bytes().map(|b| format!("%{b:02X}")).collect();
    for n in 1..=count {
        match dial(host, &format!("/runCase?case={n}&agent={agent}")) {
            Ok(mut socket) => echo(&mut socket),
            Err(e) => println!("case number {n}: {e}"),
        }
    }
    echo(&mut dial(host, &format!("/updateReports?agent={agent}"))?);
    Ok(())
}

fn main() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    let args: Vec<String> = env::args().collect();
    let result = match args[1].as_str() {
        "serve" => serve().map_err(|e| e.to_string()),
        _ => drive(&args[2], &args[3]),
    };
    if let Err(e) = result {
        eprintln!("{e}");
        process::exit(1);
    }
}
