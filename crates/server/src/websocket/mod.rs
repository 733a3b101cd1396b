//! WebSockets (RFC 6455), the server's side: a handshake over axum, and a socket that keeps no buffer while it has nothing to
//! do. It does not know what the messages mean.

mod decode;
mod deflate;
mod encode;
mod handshake;
mod spare;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tidewire_hub::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use decode::Decoder;
pub(crate) use decode::{ReadError, Received};
use encode::OpCode;
pub(crate) use handshake::Upgrade;

/// Read at a time, into a buffer that all sockets of a thread share.
const CHUNK: usize = 16 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

/// What a socket runs over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open WebSocket. Its methods are for one task.
pub(crate) struct WebSocket {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    /// Bytes on their way out, the first `written` of which have left.
    out: Vec<u8>,
    written: usize,
    /// permessage-deflate was agreed on.
    deflates: bool,
    /// The answer to the newest ping; older ones need none.
    pong: Option<Vec<u8>>,
}

impl WebSocket {
    /// Messages longer than `limit` are not read; with `deflates`, compression was agreed on.
    pub(crate) fn new(stream: Box<dyn Stream>, limit: usize, deflates: bool) -> WebSocket {
        let decoder = Decoder::new(limit, deflates);
        WebSocket { stream, decoder, out: Vec::new(), written: 0, deflates, pong: None }
    }

    /// The next message; `None` when the transport has ended. After an error nothing more can be read.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Received, ReadError>>> {
        loop {
            match self.decoder.next() {
                Ok(Some(Received::Ping(payload))) => {
                    self.pong = Some(payload);
                    return Poll::Ready(Some(Ok(Received::Pong)));
                }
                Ok(Some(received)) => return Poll::Ready(Some(Ok(received))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            let stream = Pin::new(&mut *self.stream);
            let decoder = &mut self.decoder;
            let read = BUFFER.with_borrow_mut(|buffer| {
                let mut buffer = ReadBuf::new(buffer);
                ready!(stream.poll_read(cx, &mut buffer))?;
                decoder.push(buffer.filled());
                Poll::Ready(Ok::<_, io::Error>(buffer.filled().len()))
            });
            // A transport that breaks has ended, too.
            if ready!(read).unwrap_or(0) == 0 {
                return Poll::Ready(None);
            }
        }
    }

    /// Puts a message behind what is on its way.
    pub(crate) fn queue(&mut self, frame: &Frame) {
        let code = match frame {
            Frame::Text(_) => OpCode::Text,
            Frame::Binary(_) => OpCode::Binary,
        };
        spare::borrow(&mut self.out);
        if !self.deflates {
            return encode::frame(&mut self.out, code, false, frame.as_ref());
        }
        deflate::deflated(frame, |packed| match packed {
            Some(packed) => encode::frame(&mut self.out, code, true, packed),
            None => encode::frame(&mut self.out, code, false, frame.as_ref()),
        });
    }

    /// Puts a close frame behind what is on its way; without a code if there is none to be told.
    pub(crate) fn queue_close(&mut self, code: Option<u16>, reason: &str) {
        encode::close(&mut self.out, code, reason);
    }

    /// Bytes that are on their way.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes until nothing is on its way.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.out.is_empty()
                && let Some(pong) = self.pong.take()
            {
                encode::frame(&mut self.out, OpCode::Pong, false, &pong);
            }
            if self.out.is_empty() {
                return Pin::new(&mut *self.stream).poll_flush(cx);
            }
            while self.written < self.out.len() {
                let rest = &self.out[self.written..];
                let written = ready!(Pin::new(&mut *self.stream).poll_write(cx, rest))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += written;
            }
            self.written = 0;
            spare::give_back(&mut self.out);
        }
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub(crate) async fn receive(&mut self) -> Option<Result<Received, ReadError>> {
        std::future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Writes nothing more, and throws away what still comes in until the peer has ended, too: closing over unread bytes would
    /// take back what was written.
    pub(crate) async fn finish(&mut self) {
        let end = std::future::poll_fn(|cx| Pin::new(&mut *self.stream).poll_shutdown(cx));
        if end.await.is_err() {
            return;
        }
        let drained = std::future::poll_fn(|cx| {
            let stream = &mut self.stream;
            BUFFER.with_borrow_mut(|buffer| {
                loop {
                    let mut buffer = ReadBuf::new(buffer);
                    let read = ready!(Pin::new(&mut **stream).poll_read(cx, &mut buffer));
                    if read.is_err() || buffer.filled().is_empty() {
                        return Poll::Ready(());
                    }
                }
            })
        });
        drained.await;
    }
}
