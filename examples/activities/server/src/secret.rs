//! The secret that signs tokens: made at the first start and kept beside the database, so that tokens survive restarts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

const FILE: &str = "jwt-secret";
const BYTES: usize = 32;

/// Reads the secret, or makes one. A file of the wrong size is an error, not a reason to sign everybody out.
pub(crate) fn load_or_make(data: &Path) -> io::Result<Vec<u8>> {
    let path = data.join(FILE);
    match fs::read(&path) {
        Ok(secret) if secret.len() == BYTES => Ok(secret),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is damaged; delete it to make a new one (everybody signs in again)", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(data, &path),
        Err(error) => Err(error),
    }
}

fn make(data: &Path, path: &Path) -> io::Result<Vec<u8>> {
    let mut secret = vec![0_u8; BYTES];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let draft = data.join(format!("{FILE}.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    #[cfg(unix)]
    File::open(data)?.sync_all()?;
    Ok(secret)
}
