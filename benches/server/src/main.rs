//! Our server and socketioxide doing the same job, and the load that measures any server doing it. `cargo xtask bench server`
//! starts all of it in turns. Measures print a line `name<TAB>value` for each figure.
#![forbid(unsafe_code)]

mod client;
mod feed;
mod load;
mod ours;
mod peer;
mod restart;
mod returning;
mod writes;

/// What may go wrong: a figure that cannot be trusted is none.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "tidewire-server-benches
  serve ours|defaults|deflated|socketioxide [PORT]
  serve store DATABASE [PORT]
  ack HOST:PORT CONNECTIONS WINDOW SECONDS PID
  cast HOST:PORT MEMBERS EVENTS PID
  idle|idle-deflated HOST:PORT CONNECTIONS PID
  hello HOST:PORT CONNECTIONS
  flood HOST:PORT EVENTS
  cuts HOST:PORT ours|others CONNECTIONS SECONDS
  restart ours|others CONNECTIONS PROGRAM ...     (PORT in it is where it is to listen)
  feed HOST:PORT raw|deflated|msgpack|deflated-msgpack|polled
  writes HOST:PORT PATH CONNECTIONS SECONDS PID";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let figures = match args[..] {
        ["serve", kind @ ("ours" | "defaults" | "deflated"), ref port @ ..] => {
            return ours::serve(port.first().copied(), kind).await;
        }
        ["serve", "store", place, ref port @ ..] => {
            return ours::with_store(place, port.first().copied()).await;
        }
        ["serve", "socketioxide", ref port @ ..] => return peer::serve(port.first().copied()).await,
        ["ack", at, connections, window, seconds, pid] => {
            let (connections, window) = (connections.parse()?, window.parse()?);
            load::ack(at.parse()?, connections, window, seconds.parse()?, pid.parse()?).await?
        }
        ["cast", at, members, events, pid] => {
            load::cast(at.parse()?, members.parse()?, events.parse()?, pid.parse()?).await?
        }
        ["idle", at, connections, pid] => load::idle(at.parse()?, connections.parse()?, pid.parse()?).await?,
        ["idle-deflated", at, connections, pid] => {
            load::idle_deflated(at.parse()?, connections.parse()?, pid.parse()?).await?
        }
        ["hello", at, connections] => load::hello(at.parse()?, connections.parse()?).await?,
        ["flood", at, events] => load::flood(at.parse()?, events.parse()?).await?,
        ["cuts", at, who, connections, seconds] => {
            returning::cuts(at.parse()?, who == "ours", connections.parse()?, seconds.parse()?).await?
        }
        ["restart", who, connections, ref program @ ..] => {
            restart::restart(who == "ours", connections.parse()?, program).await?
        }
        ["feed", at, form] => feed::feed(at.parse()?, form).await?,
        ["writes", at, path, connections, seconds, pid] => {
            writes::writes(at.parse()?, path, connections.parse()?, seconds.parse()?, pid.parse()?).await?
        }
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
