//! `tidewire emit`.

use serde_json::{Value, json};
use tidewire::{ConnectError, EmitError};

use crate::args::EmitArgs;
use crate::exit::{Exit, FAILED, UNAUTHORIZED, USAGE};
use crate::print::Printer;
use crate::session;

pub(crate) async fn run(args: EmitArgs, printer: Printer) -> Result<(), Exit> {
    let client = session::client(&args.server, None, printer)?;
    let work = async {
        client.connect().await.map_err(|error| {
            let refused = matches!(error, ConnectError::Refused { .. });
            Exit::new(
                if refused { UNAUTHORIZED } else { FAILED },
                format_args!("{}: {error}", args.server.url),
            )
        })?;
        let failed = |error: EmitError| {
            let refused = matches!(error, EmitError::Refused(_));
            Exit::new(if refused { USAGE } else { FAILED }, error)
        };
        if args.ack {
            let answer = Value::Array(client.emit_with_ack(args.event, args.args).await.map_err(failed)?);
            printer.result(json!({ "ack": answer }), &answer)
        } else {
            client.emit(args.event, args.args).await.map_err(failed)?;
            if printer.is_json() { printer.line(json!({ "sent": true })) } else { Ok(()) }
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    // The goodbye comes after the event: what was sent is written out.
    client.shutdown().await;
    result
}
