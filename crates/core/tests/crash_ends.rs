//! Kill the process at every output while writes end in other ways than by an answer: merged, cancelled out, edited, voided, given up,
//! left behind by a user who goes, brought to another version, asked about, expired (Q8, Q9, Q13, Q20, Q21, P1 in small).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod life;
mod rig;
mod sim;

use life::{Knows, Life, Lived, Network, kill_everywhere, submission};
use tidewire_core::*;

const HOUR: u64 = 60 * 60 * 1000;

/// Writes that wait in one lane, act upon each other there, and are then let go.
fn waiting(life: &mut Life, queue: impl FnOnce(&mut Life)) -> Lived {
    if life.number == 0 {
        life.processing(false);
        life.lead();
        life.run()?;
        queue(life);
        life.all_unwanted();
        life.run()?;
        life.processing(true);
    } else {
        life.lead();
    }
    life.work()
}

fn edit(life: &mut Life, write: &WriteId, body: &str) -> Result<Accepted, Refusal> {
    life.command(Command::Edit { write: write.clone(), submission: submission("/x", body) })
}

/// The server has heard of this client.
fn met(life: &mut Life) -> Lived {
    if life.number == 0 {
        life.submit("/met", |_| {});
    }
    life.lead();
    life.work()
}

/// Red if `finish_pair` removes the record that undoes before the one that is undone.
#[test]
fn q8_a_kill_at_any_output_sends_both_or_neither_of_a_pair() {
    for taps in [2, 3] {
        let script = |life: &mut Life| {
            waiting(life, |life| {
                for tap in 0..taps {
                    let (name, other) = if tap % 2 == 0 { ("like", "unlike") } else { ("unlike", "like") };
                    life.submit("/x", |s| {
                        s.name = name.into();
                        s.coalesce = Coalesce::CancelPair { name: other.into() };
                    });
                }
            })
        };
        kill_everywhere(&rig::config(), &[Network::Good, Network::AnswersLost], 12, script, |life, what| {
            let sent: Vec<_> = life.writes.iter().map(|write| life.times(write)).collect();
            assert_eq!(life.applied.len(), sent.iter().sum::<usize>());
            let promised = life.writes.iter().filter(|write| life.was_promised(write)).count();
            if promised == taps {
                assert_eq!(sent.iter().sum::<usize>() % 2, taps % 2, "{what}: {sent:?}");
            }
            assert!(sent.get(1) <= sent.first(), "{what}: only what undoes was sent: {sent:?}");
            assert!(life.layers.is_empty(), "{what}");
        });
    }
}

/// Red if the one that replaces is removed in the place of the other.
#[test]
fn q8_a_kill_at_any_output_loses_no_replacement_and_brings_back_nothing_replaced() {
    let script = |life: &mut Life| {
        waiting(life, |life| {
            for body in ["1", "2", "3"] {
                life.submit("/x", |s| {
                    s.body = Some(body.into());
                    s.dedupe_key = Some("title".into());
                    s.coalesce = Coalesce::Replace {};
                });
            }
        })
    };
    kill_everywhere(&rig::config(), &[Network::Good, Network::AnswersLost], 12, script, |life, what| {
        assert!(life.bodies.is_sorted(), "{what}: {:?}", life.bodies);
        let newest = life.writes.iter().rposition(|write| life.was_promised(write));
        if let Some(newest) = newest {
            assert_eq!(life.times(&life.writes[newest]), 1, "{what}: the newest value stands");
        }
        assert!(life.layers.is_empty(), "{what}");
    });
}

/// Red if an edit removes the old record and puts the new one under a key of its own.
#[test]
fn q13_a_kill_at_any_output_leaves_the_edit_or_what_was_edited() {
    let script = |life: &mut Life| {
        if life.number > 0 {
            life.lead();
            return life.work();
        }
        life.processing(false);
        let old = life.submit("/x", |_| {});
        life.submit("/x", |_| {});
        life.lead();
        life.run()?;
        edit(life, &old, "edited").unwrap();
        life.run()?;
        life.processing(true);
        life.work()
    };
    kill_everywhere(&rig::config(), &[Network::Good, Network::AnswersLost], 15, script, |life, what| {
        let one_of_both = life.times(&life.writes[0]) + life.writes.get(2).map_or(0, |new| life.times(new));
        if life.was_promised(&life.writes[0]) {
            assert_eq!(one_of_both, 1, "{what}");
        }
        if let (Some(first), Some(second)) = (life.bodies.first(), life.bodies.get(1)) {
            assert!(first == "edited" || first == "/x", "{what}");
            assert_eq!(second, "/x", "{what}: the edit keeps the place of the old one");
        }
    });
}

/// The app edits what it finds parked, in each life anew.
fn edit_parked(life: &mut Life, path: &str) -> Lived {
    met(life)?;
    if life.number == 0 {
        life.submit(path, |_| {});
        life.work()?;
    }
    for write in life.parked() {
        let _ = edit(life, &write, "edited");
    }
    life.work()
}

/// Red if an edit of a refused write keeps the old record as well.
#[test]
fn q13_a_kill_at_any_output_ends_the_edit_of_a_refused_write_once() {
    let script = |life: &mut Life| edit_parked(life, "/refused");
    kill_everywhere(&rig::config(), &[Network::Good, Network::AnswersLost], 20, script, |life, what| {
        let edits = life.bodies.iter().filter(|body| *body == "edited").count();
        assert!(edits <= 1, "{what}: {edits}");
        let refused = life.writes.get(1).is_some_and(|write| life.was_promised(write));
        assert!(edits == 1 || !refused, "{what}: {:?}", life.told);
    });
}

/// Red if the edit is stored before the server has said that the old one is void.
#[test]
fn q13_a_kill_at_any_output_never_applies_an_edit_beside_what_it_edits() {
    let script = |life: &mut Life| edit_parked(life, "/x");
    let networks = [Network::Fails, Network::FailsApplied];
    kill_everywhere(&rig::config(), &networks, 40, script, |life, what| {
        let bodies = life.bodies.iter().filter(|body| *body == "edited" || *body == "/x").count();
        assert!(bodies <= 1, "{what}: {:?}", life.bodies);
    });
}

/// Red if a write is called discarded when the question leaves, or when a server that does not know it answers `client-reset`.
#[test]
fn q9_q13_a_kill_at_any_output_says_discarded_only_of_what_is_never_applied() {
    for known in [true, false] {
        let script = |life: &mut Life| {
            if known {
                met(life)?;
            } else {
                life.lead();
                life.work()?;
            }
            if life.number == 0 {
                let write = life.submit("/x", |_| {});
                life.run()?;
                life.command(Command::Cancel { write }).unwrap();
                life.work()?;
            }
            for write in life.parked() {
                life.command(Command::Discard { write }).unwrap();
            }
            life.work()
        };
        let networks = [Network::Good, Network::AnswersLost, Network::Slow, Network::Late];
        kill_everywhere(&rig::config(), &networks, 15, script, |life, what| {
            assert_eq!(life.parked(), [], "{what}");
            assert!(life.layers.is_empty(), "{what}");
        });
    }
}

/// Red if the end is told before the record is removed.
#[test]
fn q13_a_kill_at_any_output_keeps_what_is_parked_or_gives_it_up() {
    for path in ["/refused", "/x"] {
        let script = |life: &mut Life| {
            met(life)?;
            if life.number == 0 {
                life.submit(path, |s| s.keep_layer_when_parked = true);
                life.work()?;
                for write in life.parked() {
                    life.command(Command::Discard { write }).unwrap();
                }
            }
            life.work()
        };
        kill_everywhere(
            &rig::config(),
            &[Network::Fails, Network::FailsApplied],
            18,
            script,
            |life, what| {
                let parked = life.parked().len();
                assert_eq!(life.layers.len(), parked, "{what}: what is not sent stays on the screen");
            },
        );
    }
}

/// Red if a user who left sends, or if the next one's engine touches the store of the one before.
#[test]
fn q20_a_kill_at_any_output_of_a_user_who_leaves_sends_nothing_for_the_next_one_and_loses_nothing() {
    let ben = Config::new("app|test|ben".into());
    for clear in [false, true] {
        let script = |life: &mut Life| {
            met(life)?;
            if life.number > 0 {
                return Ok(());
            }
            for path in ["/x", "/y", "/y"] {
                life.submit(path, |_| {});
            }
            life.run()?;
            if clear {
                life.command(Command::Clear {}).unwrap();
            }
            life.command(Command::Suspend {}).unwrap();
            life.work()?;
            assert!(life.quiet);
            // Ben comes, over the same disk.
            let (disk, applied) = (life.rig.disk.clone(), life.applied.len());
            life.next(ben.clone(), usize::MAX);
            life.lead();
            life.work()?;
            assert_eq!((&life.rig.disk, life.applied.len()), (&disk, applied));
            life.next(rig::config(), usize::MAX);
            life.lead();
            life.work()
        };
        let networks = [Network::Good, Network::AnswersLost, Network::Slow, Network::Late];
        kill_everywhere(&rig::config(), &networks, 25, script, |life, what| {
            assert!(life.layers.is_empty(), "{what}");
        });
    }
}

fn known(version: u32) -> Input {
    Input::Definitions { known: vec![KnownMutation { name: "count".into(), version }] }
}

/// Red if an upcast write is put under a new key, or if the old version may be sent while it is asked about.
#[test]
fn q21_a_kill_at_any_output_sends_an_upcast_write_once_and_never_in_its_old_version() {
    let script = |life: &mut Life| {
        if life.number == 0 {
            life.processing(false);
            life.submit("/x", |_| {});
            life.submit("/y", |_| {});
            life.lead();
            life.run()?;
            let left = life.left();
            life.next(rig::config(), left);
        }
        life.upcast = Some(Submission { version: 2, ..submission("/x", "new") });
        life.handle(known(2));
        life.lead();
        life.work()
    };
    kill_everywhere(&rig::config(), &[Network::Good, Network::AnswersLost], 20, script, |life, what| {
        assert!(life.bodies.iter().all(|body| body == "new"), "{what}: {:?}", life.bodies);
        assert!(life.layers.is_empty(), "{what}");
    });
}

/// Red if a write that cannot be upcast is removed, or sent as it is.
#[test]
fn q21_a_kill_at_any_output_keeps_what_this_build_cannot_send_for_a_later_one() {
    let script = |life: &mut Life| {
        if life.number == 0 {
            life.processing(false);
            life.submit("/x", |_| {});
            life.lead();
            life.run()?;
            let left = life.left();
            life.next(rig::config(), left);
            life.handle(known(2));
            life.lead();
            life.work()?;
            assert_eq!((life.applied.len(), life.records()), (0, 1));
        }
        let left = life.left();
        life.next(rig::config(), left);
        life.upcast = Some(Submission { version: 3, ..submission("/x", "newest") });
        life.handle(known(3));
        life.lead();
        life.work()
    };
    kill_everywhere(&rig::config(), &[Network::Good], 10, script, |life, what| {
        assert!(life.bodies.iter().all(|body| body == "newest"), "{what}: {:?}", life.bodies);
    });
}

/// Red if a claimed write of a foreign server is sent again after a kill without asking.
#[test]
fn q9_a_kill_at_any_output_sends_nothing_twice_to_a_foreign_server() {
    let foreign = || Config { server: tidewire_core::Server::Foreign, ..rig::config() };
    for (verify, knows) in [(true, Knows::Truth), (true, Knows::Nothing), (false, Knows::Truth)] {
        let script = |life: &mut Life| {
            life.knows = knows;
            if life.number == 0 {
                for body in ["1", "2"] {
                    life.submit("/x", |s| (s.verify, s.body) = (verify, Some(body.into())));
                }
            }
            life.lead();
            life.work()
        };
        kill_everywhere(&foreign(), &[Network::Good, Network::AnswersLost], 15, script, |life, what| {
            let sure = verify && knows == Knows::Truth;
            assert!(!sure || life.parked().is_empty(), "{what}: the app knew");
            assert!(life.bodies.is_sorted(), "{what}: {:?}", life.bodies);
        });
    }
}

/// Red if a write that may have been sent expires without the server's word.
#[test]
fn q13_a_kill_at_any_output_expires_only_what_is_never_applied() {
    let script = |life: &mut Life| {
        met(life)?;
        if life.number == 0 {
            for path in ["/x", "/x", "/y"] {
                life.submit(path, |s| s.ttl = Some(Millis(HOUR)));
            }
            // The first ones are on their way when processing stops.
            life.run()?;
            life.processing(false);
            life.work_for(2 * HOUR)?;
            life.processing(true);
        }
        life.work()
    };
    let networks = [Network::Good, Network::AnswersLost, Network::Slow, Network::Late];
    kill_everywhere(&rig::config(), &networks, 30, script, |life, what| {
        for write in life.parked() {
            let expired = matches!(
                life.last(&write),
                Some(WriteState::Parked { reason: ParkReason::Expired | ParkReason::Unknown, .. })
            );
            assert!(expired, "{what}: {:?}", life.last(&write));
        }
    });
}
