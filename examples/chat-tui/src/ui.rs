//! The screen. It draws a [`Chat`] and decides nothing.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Paragraph, Wrap};
use tidewire::{ConnectionState, DownReason, PauseReason, down};

use crate::chat::{Chat, Message, Waiting};

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, chat: &Chat) {
    let rows = [Constraint::Length(1), Constraint::Min(1), Constraint::Length(3), Constraint::Length(1)];
    let [head, body, input, foot] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(headline(chat), head);
    messages(frame, chat, body);
    let block = Block::bordered().title(format!(" {} ", chat.me));
    let inner = block.inner(input);
    // The end of a long line is what is being written.
    let shown: String = tail(&chat.input, usize::from(inner.width.saturating_sub(1)));
    let cursor = u16::try_from(Line::raw(shown.as_str()).width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(shown).block(block), input);
    frame.set_cursor_position((inner.x + cursor, inner.y));
    frame.render_widget(Paragraph::new(help(chat)).dim(), foot);
}

fn headline(chat: &Chat) -> Line<'_> {
    let (mark, word, color) = connection(chat);
    let mut spans = vec![
        Span::styled(format!("{mark} "), color),
        Span::raw(&chat.title).bold(),
        Span::styled(format!("  {word}"), color),
    ];
    let waiting = chat.waiting.iter().filter(|waiting| waiting.refused.is_none()).count();
    if waiting > 0 && !chat.is_connected() {
        spans.push(Span::raw(format!(" · {waiting} wait")).yellow());
    }
    Line::from(spans)
}

fn connection(chat: &Chat) -> (&'static str, String, Color) {
    let Some(status) = &chat.status else { return ("○", "starting".into(), Color::DarkGray) };
    match &status.connection {
        ConnectionState::Connected { .. } => ("●", "connected".into(), Color::Green),
        ConnectionState::Idle {} | ConnectionState::Connecting { .. } => {
            ("○", "connecting".into(), Color::Yellow)
        }
        // Who we are is asked at the same server.
        ConnectionState::Waiting { reason: DownReason::NoToken, .. } => {
            ("○", format!("{}; trying again", down(DownReason::Unreachable)), Color::Yellow)
        }
        ConnectionState::Waiting { reason, .. } => {
            ("○", format!("{}; trying again", down(*reason)), Color::Yellow)
        }
        ConnectionState::Paused { reason: PauseReason::Offline } => ("○", "no network".into(), Color::Yellow),
        ConnectionState::Paused { reason: PauseReason::Background } => ("○", "paused".into(), Color::Yellow),
        ConnectionState::Refused { message, .. } => ("✗", message.clone(), Color::Red),
    }
}

fn messages(frame: &mut Frame<'_>, chat: &Chat, area: Rect) {
    let mut lines: Vec<Line<'_>> = match &chat.messages {
        None => vec![Line::raw("What was said before comes when the server can be reached.").dim()],
        Some(messages) if messages.is_empty() => vec![Line::raw("Nobody has said anything yet.").dim()],
        Some(messages) => messages.iter().map(|message| said(chat, message)).collect(),
    };
    lines.extend(chat.unsent().map(|waiting| unsent(chat, waiting)));
    let text = Paragraph::new(Text::from(lines)).wrap(Wrap { trim: false });
    // The newest are at the bottom.
    let height = u16::try_from(text.line_count(area.width)).unwrap_or(u16::MAX);
    frame.render_widget(text.scroll((height.saturating_sub(area.height), 0)), area);
}

fn said<'a>(chat: &'a Chat, message: &'a Message) -> Line<'a> {
    if let Some(waiting) = chat.waits(&message.id) {
        return unsent(chat, waiting);
    }
    let own = message.sender_id == chat.me;
    let color = if own { Color::Cyan } else { Color::Magenta };
    let mut spans = vec![Span::styled(format!("{:>8} ", message.sender_id), color), Span::raw(&message.text)];
    if own {
        spans.push(Span::raw(if message.read_by.is_empty() { " ✓" } else { " ✓✓" }).dim());
    }
    Line::from(spans)
}

fn unsent<'a>(chat: &Chat, waiting: &'a Waiting) -> Line<'a> {
    let name = Span::styled(format!("{:>8} ", chat.me), Color::Cyan);
    let text = Span::styled(&waiting.text, Style::new().add_modifier(Modifier::ITALIC));
    let mark = match &waiting.refused {
        Some(why) => Span::raw(format!(" ✗ not sent: {why}")).red(),
        None if waiting.sending => Span::raw(" …").dim(),
        None => Span::raw(" ⏳").dim(),
    };
    Line::from(vec![name, text, mark])
}

fn help(chat: &Chat) -> String {
    if let Some(trouble) = &chat.trouble {
        return trouble.clone();
    }
    let help = match chat.refused() {
        Some(_) => "Ctrl-R sends it again · Ctrl-X gives it up · Esc leaves",
        None => "Enter says it · Esc leaves, and what waits is kept",
    };
    help.into()
}

/// The end of a text, as wide as that.
fn tail(text: &str, width: usize) -> String {
    let mut end = String::new();
    for ch in text.chars().rev() {
        end.insert(0, ch);
        if Line::raw(end.as_str()).width() > width {
            end.remove(0);
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn of_a_long_line_the_end_is_shown() {
        assert_eq!(tail("hello", 10), "hello");
        assert_eq!(tail("hello", 3), "llo");
        assert_eq!(tail("日本語", 4), "本語");
        assert_eq!(tail("hello", 0), "");
    }
}
