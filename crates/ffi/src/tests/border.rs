//! What a session promises around the engine: order, and that malformed bytes change nothing.

use crate::sample::{Dice, Sample};
use crate::*;
use proptest::prelude::*;
use tidewire_core::*;

fn init() -> Init {
    let config = Config::new("app|test|ana".into());
    Init { config, seed: [7; 32], now: Now { mono: Timestamp(1), wall: WallTime(2) } }
}

fn batch(messages: Vec<Message>) -> Vec<u8> {
    Batch { now: Now { mono: Timestamp(5), wall: WallTime(6) }, messages }.to_bytes()
}

fn replies(result: &StepResult) -> Vec<CommandResult> {
    let StepResult::Done { outputs, .. } = result else { panic!("{result:?}") };
    let replies = outputs.iter().filter_map(|effect| match effect {
        Effect::Reply(Reply::Reply { result }) => Some(result.clone()),
        Effect::Output(_) => None,
    });
    replies.collect()
}

/// Each command gets exactly one reply, in order; inputs get none.
#[test]
fn commands_are_answered_in_order() {
    let mut session = Session::new(&init().to_bytes()).unwrap();
    let messages = vec![
        Message::Command(Command::Process { pass: PassId(1) }),
        Message::Input(Input::Timeout {}),
        Message::Command(Command::Cancel { write: "nobody".into() }),
        Message::Command(Command::Process { pass: PassId(1) }),
    ];
    let result = StepResult::from_bytes(&session.step(&batch(messages))).unwrap();
    let accepted = CommandResult::Accepted { write: None };
    let refused = CommandResult::Refused { refusal: Refusal::UnknownWrite };
    assert_eq!(replies(&result), [accepted.clone(), refused, accepted]);
}

/// The host knows the id of a write before it hears anything of it.
#[test]
fn a_reply_stands_before_what_the_command_caused() {
    let mut session = Session::new(&init().to_bytes()).unwrap();
    let result =
        session.run(Batch { now: Now::default(), messages: vec![Message::Command(Command::Connect {})] });
    let StepResult::Done { outputs, .. } = result else { panic!("{result:?}") };
    let reply = outputs.iter().position(|effect| matches!(effect, Effect::Reply(_))).unwrap();
    let caused =
        outputs.iter().position(|effect| matches!(effect, Effect::Output(Output::FetchAuth { .. }))).unwrap();
    assert!(reply < caused, "{outputs:?}");
}

/// What a new engine wants done comes with the first step, even an empty one.
#[test]
fn an_empty_step_fetches_what_the_new_engine_wants() {
    let mut session = Session::new(&init().to_bytes()).unwrap();
    let result = StepResult::from_bytes(&session.step(&batch(Vec::new()))).unwrap();
    let StepResult::Done { outputs, .. } = result else { panic!("{result:?}") };
    assert!(
        outputs.iter().any(|effect| matches!(effect, Effect::Output(Output::Load { .. }))),
        "{outputs:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// P4: a malformed batch is an error and changes nothing, even if it begins with good messages.
    #[test]
    fn p4_malformed_batches_change_nothing(steps in prop::collection::vec((any::<Vec<u8>>(), any::<bool>()), 1..8)) {
        let mut session = Session::new(&init().to_bytes()).unwrap();
        let mut untouched = Session::new(&init().to_bytes()).unwrap();
        for (bytes, broken) in steps {
            let mut batch = Batch::sample(&mut Dice::new(&bytes)).to_bytes();
            if broken {
                batch.push(0);
                let result = StepResult::from_bytes(&session.step(&batch)).unwrap();
                let at = batch.len() as u32 - 1;
                let error = DecodeError { at, problem: Problem::Trailing };
                prop_assert_eq!(result, StepResult::Failed { failure: Failure::Malformed { error } });
            } else {
                prop_assert_eq!(session.step(&batch), untouched.step(&batch));
            }
        }
    }
}
