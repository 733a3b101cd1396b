//! Forgetting a person (V10): everything that is kept of them outside the app's own tables. Knows no sockets and no HTTP.

use super::Tidewire;
use crate::store::rooms::Cause;
use crate::store::writer::Ending;
use crate::store::{StoreError, ledger, rooms};

impl Tidewire {
    /// Forgets a person: their client ids, stored answers and keys, and the events of their writes. A history can only lose
    /// its beginning, so each room loses everything up to their last event; clients that need more fetch anew. Answers those
    /// rooms: hand them to [`SocketServer::forget`](crate::socket::SocketServer::forget), which ends their connections.
    ///
    /// The app deletes its own rows in a transaction of its own, and first of all takes their tokens away: a write that they
    /// send after this is one of somebody new.
    pub async fn forget(&self, user: &str) -> Result<Vec<String>, StoreError> {
        let user = user.to_owned();
        let forget = self.store().writer().run(move |connection, _| {
            ledger::forget(connection, &user)?;
            let result = rooms::forget(connection, &user)?;
            let cause = Cause { user: "".into(), write_id: "".into() };
            Ok(Ending::Commit { drafts: Vec::new(), cause, result })
        });
        forget.await
    }
}
