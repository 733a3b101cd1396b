//! What the fuzz targets share: reading a run of chunks out of the fuzzer's bytes. It knows no format of Tidewire.
#![forbid(unsafe_code)]

/// The chunks in `data`, each with its length before it in two bytes, little endian. The last one may be cut short.
pub fn chunks(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let (chunk, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        data = rest;
        Some(chunk)
    })
}

/// The same, backwards: what a seed is made with.
#[must_use]
pub fn join<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut data = Vec::new();
    for chunk in chunks {
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        data.extend(length.to_le_bytes());
        data.extend(&chunk[..usize::from(length)]);
    }
    data
}
