//! Our server and socketioxide doing the same job, and the load that measures any server doing it. `cargo xtask bench server`
//! starts all of it in turns. Measures print a line `name<TAB>value` for each figure.
#![forbid(unsafe_code)]

mod client;
mod load;
mod ours;
mod peer;

/// What may go wrong: a figure that cannot be trusted is none.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "tidewire-server-benches
  serve ours|socketioxide
  ack HOST:PORT CONNECTIONS WINDOW SECONDS
  cast HOST:PORT MEMBERS EVENTS PID
  idle HOST:PORT CONNECTIONS PID
  hello HOST:PORT CONNECTIONS";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let figures = match args[..] {
        ["serve", "ours"] => return ours::serve().await,
        ["serve", "socketioxide"] => return peer::serve().await,
        ["ack", at, connections, window, seconds] => {
            load::ack(at.parse()?, connections.parse()?, window.parse()?, seconds.parse()?).await?
        }
        ["cast", at, members, events, pid] => {
            load::cast(at.parse()?, members.parse()?, events.parse()?, pid.parse()?).await?
        }
        ["idle", at, connections, pid] => load::idle(at.parse()?, connections.parse()?, pid.parse()?).await?,
        ["hello", at, connections] => load::hello(at.parse()?, connections.parse()?).await?,
        _ => return Err(USAGE.into()),
    };
    for (name, value) in figures {
        println!("{name}\t{value:.3}");
    }
    Ok(())
}

/// Whoever started us waits for this line.
fn announce(listener: &tokio::net::TcpListener) -> Result<(), Failure> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}
